package app_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

// TestMain lets the test binary also be the program: the scripts run it as
// lambda-release, in a process of its own.
func TestMain(m *testing.M) {
	// Most of a script's time is spent waiting, for a process or for a timeout.
	// A -parallel on the command line is parsed later and so wins.
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"lambda-release": program})
}

// program is main.
func program() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Run(app.WithExec(ctx, run), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// TestScripts runs every testdata/script/*.txtar against an AWS of its own. Beside
// testscript's own commands, of which `grep` and `stdout` are used most, there are:
//
//	step [exit=N] ARGS…          run lambda-release as a step of a job, with new
//	                             runner files; it must exit with 0, or N
//	event NAME REF [PAYLOAD]     what triggers the next steps
//	job FILE…                    puts the next steps into a job of another CI system, with
//	                             the variables in these files
//	input NAME FILE              gives them an input, in the environment
//	output NAME VALUE            the last step has set this output, exactly;
//	                             ! output NAME: it has not set it
//	packaged orb|component FILE  what the orb or the component runs with the inputs in FILE
//	pipeline NAME                the pipeline of docs/ci/NAME.md, as scripts: pipeline_test.go
//	result FUNCTION FIELD=VALUE… what the output `results` has about a function;
//	                             of a reason, what it contains
//	annotation KIND[=N] TITLE TEXT…
//	                             the last step wrote one annotation of that kind, or N,
//	                             and one of them has a title that begins with TITLE, and
//	                             contains the texts in this order;
//	                             ! annotation [KIND]: it wrote none
//	report                       write log, annotations, outputs and summary of the
//	                             last step to files of these names, without what
//	                             differs from run to run
//	signal INT|TERM|KILL         send it to the process that runs in the background
//	ended N [WITHIN]             after wait: that process has exited with N, and
//	                             within this time after the signal
//	identity [SUBJECT …]         the next steps may have OIDC tokens: oidc_test.go
//	token-file FILE SUBJECT AUDIENCE
//	                             writes such a token to a file
//	token VARIABLE SUBJECT [AUDIENCE]
//	                             the next steps have the only OIDC token of their job
//	archive FILE FOLDER [ZEROS]  makes a zip, after this many zeros
//	aws …                        set up a scene, break calls, look: aws_test.go, cloud_test.go
//
// A script covers one behaviour, and so asserts outputs, aliases, calls and the few
// words of an annotation that matter. These show everything that a step writes, and
// compare it with `cmp`; -update writes what they compare with: release, canary,
// canary_alarm, several, several_cannot_be_restored, dry_run, rollback, prune, held,
// error_denied, outside_actions, and forged_*, since a forged text may turn up
// anywhere.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		Setup:               setup,
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		RequireExplicitExec: false,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"annotation": annotated,
			"archive":    archive,
			"aws":        awsCommand,
			"ended":      ended,
			"event":      event,
			"identity":   identity,
			"input":      input,
			"job":        job,
			"output":     output,
			"packaged":   packaged,
			"pipeline":   pipeline,
			"report":     report,
			"result":     result,
			"signal":     sendSignal,
			"step":       step,
			"token":      tokenIn,
			"token-file": writeToken,
		},
	})
}

// condition knows [root]: no file is read-only for root.
func condition(name string) (bool, error) {
	return name == "root" && os.Geteuid() == 0, nil
}

// deadEnd is a port of loopback at which nothing listens.
const deadEnd = "http://127.0.0.1:1"

// secret must not be seen anywhere.
const secret = "never-to-be-seen"

// setup gives a script its AWS and the environment of a step: a push to main,
// run 4711. Everything that the step could call is on loopback.
func setup(env *testscript.Env) error {
	cloud := localaws.New(localaws.Options{})
	server := httptest.NewServer(cloud)
	env.Defer(func() { cloud.Close(); server.Close() })
	env.Values[sceneKey{}] = newScene(cloud)

	for _, dir := range []string{"home", "runner"} {
		if err := os.Mkdir(filepath.Join(env.WorkDir, dir), 0o700); err != nil {
			return err
		}
	}
	for _, v := range [][2]string{
		{"HOME", filepath.Join(env.WorkDir, "home")},
		{"GORACE", "atexit_sleep_ms=0"}, // else a second at every exit
		{"INPUT_TIMEOUT", "30s"},        // a step that hangs by mistake must not hold up the rest

		{"AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"},
		{"AWS_SECRET_ACCESS_KEY", secret},
		{"AWS_REGION", "eu-central-1"},
		{"AWS_EC2_METADATA_DISABLED", "true"},
		{"HTTP_PROXY", deadEnd}, {"http_proxy", deadEnd},
		{"HTTPS_PROXY", deadEnd}, {"https_proxy", deadEnd},
		{"NO_PROXY", "127.0.0.1"}, {"no_proxy", "127.0.0.1"},

		// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
		{"CI", "true"},
		{"GITHUB_ACTIONS", "true"},
		{"GITHUB_EVENT_NAME", "push"},
		{"GITHUB_REF", "refs/heads/main"},
		{"GITHUB_SHA", "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"},
		{"GITHUB_RUN_ID", "4711"},
		{"GITHUB_RUN_ATTEMPT", "1"},
		{"GITHUB_SERVER_URL", "https://github.com"},
		{"GITHUB_REPOSITORY", "example/shop"},
		{"GITHUB_EVENT_PATH", filepath.Join(env.WorkDir, "runner", "event.json")},
		{"GITHUB_OUTPUT", filepath.Join(env.WorkDir, "runner", "output")},
		{"GITHUB_STEP_SUMMARY", filepath.Join(env.WorkDir, "runner", "summary")},
	} {
		env.Setenv(v[0], v[1])
	}
	for _, service := range []string{
		"", "_LAMBDA", "_STS", "_CLOUDWATCH", "_CODEDEPLOY", "_API_GATEWAY", "_APIGATEWAYV2", "_S3", "_ECR",
		"_SSO", "_SSO_OIDC", "_SIGNIN",
	} {
		env.Setenv("AWS_ENDPOINT_URL"+service, server.URL)
	}
	for _, file := range []string{"event.json", "output", "summary"} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, "runner", file), nil, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(env.WorkDir, "runner", "event.json"),
		[]byte(`{"repository":{"full_name":"example/shop"}}`), 0o600)
}
