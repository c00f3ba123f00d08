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

var update = flag.Bool("update", false, "write the golden parts of the scripts anew")

// TestMain makes the test binary the program, too: the scripts run it as
// lambda-release, in a process of its own.
func TestMain(m *testing.M) {
	// Most of a script's time is spent waiting, for a process or for a timeout.
	// A -parallel on the command line is parsed later, and so wins.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"lambda-release": program})
}

// program is main.
func program() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// TestScripts runs every testdata/script/*.txtar against an AWS of its own. To
// the commands of testscript itself, of which `cmp`, `grep` and `stdout` are
// used most, come these:
//
//	step [exit=N] ARGS…          run lambda-release as a step of a job, with new
//	                             runner files; it must exit 0, or N
//	event NAME REF [PAYLOAD]     what the next steps are triggered by
//	input NAME FILE              gives them an input, in the environment
//	output NAME VALUE            the last step has set this output, exactly;
//	                             ! output NAME: it has not set it
//	report                       write log, annotations, outputs and summary of
//	                             the last step to files of these names, without
//	                             what differs from run to run
//	signal INT|TERM|KILL         send it to the process that runs in the background
//	ended N [WITHIN]             after wait: that process has exited with N, and
//	                             within so long after the signal
//	identity [SUBJECT …]         the next steps may have OIDC tokens: oidc_test.go
//	archive FILE FOLDER [ZEROS]  makes a zip, behind that many zeros
//	aws …                        lay out a scene, spoil calls, look: aws_test.go, cloud_test.go
//
// -update writes what `cmp` compares with, where it stands in the script.
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
			"archive":  archive,
			"aws":      awsCommand,
			"ended":    ended,
			"event":    event,
			"identity": identity,
			"input":    input,
			"output":   output,
			"report":   report,
			"signal":   sendSignal,
			"step":     step,
		},
	})
}

// condition knows [root], for whom no file is read-only.
func condition(name string) (bool, error) {
	return name == "root" && os.Geteuid() == 0, nil
}

// deadEnd is a port of loopback at which nobody listens.
const deadEnd = "http://127.0.0.1:1"

// secret may be seen nowhere.
const secret = "never-to-be-seen"

// setup gives a script its AWS and the environment of a step: a push to main,
// run 4711. Nothing that the step could ask is outside of loopback.
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
		{"INPUT_TIMEOUT", "30s"},        // what waits for ever by mistake is not to hold up the rest

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
