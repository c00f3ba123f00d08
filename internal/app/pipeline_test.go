package app_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// released is the archive that the pipelines of the docs download, as a pattern of the
// shell: a fork or a copy has another owner.
const released = "https://github.com/*/lambda-release/releases/download/v1.0.0/lambda-release_linux_amd64.tar.gz"

// pipeline writes the pipeline of docs/ci/NAME.md as shell scripts, one a shell that the
// system starts: JOB-1.sh, JOB-2.sh. It also writes the recorded environments of the
// system, from ci_NAME.txtar, and a curl that downloads the program from nowhere.
func pipeline(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pipeline NAME")
	}
	name, work := args[0], ts.Getenv("WORK")
	page := readRepo(ts, "docs/ci/"+name+".md")
	recorded, err := txtar.ParseFile(filepath.Join("testdata", "script", "ci_"+name+".txtar"))
	ts.Check(err)
	for _, file := range recorded.Files {
		write(ts, filepath.Join(work, file.Name), string(file.Data), 0o755)
	}
	write(ts, filepath.Join(work, "src", "bootstrap"), "#!/bin/sh\n", 0o755)

	for _, s := range shellsOf(ts, name, page) {
		write(ts, filepath.Join(work, s.name+".sh"), s.script(), 0o755)
	}
	offer(ts)
}

// packaged writes release-1.sh, which is what the CircleCI orb or the GitLab component
// runs with the inputs in a YAML file.
func packaged(ts *testscript.TestScript, neg bool, args []string) {
	paths := map[string]string{"orb": "packaging/circleci/orb.yml", "component": "templates/release.yml"}
	if neg || len(args) != 2 || paths[args[0]] == "" {
		ts.Fatalf("usage: packaged orb|component FILE")
	}
	given := map[string]string{"tool": "v1.0.0", "tool_sha256": strings.Repeat("0", 2*sha256.Size)}
	var inputs map[string]string
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[1])), &inputs))
	for name, value := range inputs {
		given[strings.ReplaceAll(name, "-", "_")] = value
	}
	text := readRepo(ts, paths[args[0]])
	var shells []shell
	var wanted map[string]any
	if args[0] == "orb" {
		var orb map[string]any
		ts.Check(yaml.Unmarshal([]byte(text), &orb))
		command := tree(orb, "commands", "release")
		wanted, shells = tree(command, "parameters"), named("release", stepShells(command, nil))
		maps.Copy(shells[0].variables, tree(list(command["steps"])[0], "run", "environment"))
	} else {
		head, body, _ := strings.Cut(text, "\n---\n")
		var spec, p map[string]any
		ts.Check(yaml.Unmarshal([]byte(head), &spec))
		ts.Check(yaml.Unmarshal([]byte(body), &p))
		wanted, shells = tree(spec, "spec", "inputs"), named("release", gitLabShells(p))
	}
	for name := range inputs {
		if wanted[name] == nil {
			ts.Fatalf("%s has no input %s", paths[args[0]], name)
		}
	}
	for name, v := range shells[0].variables {
		if inner, ok := v.(map[string]any); ok { // which GitLab does not expand
			v = inner["value"]
		}
		shells[0].variables[name] = interpolated.ReplaceAllStringFunc(v.(string), func(at string) string {
			return given[strings.ReplaceAll(interpolated.FindStringSubmatch(at)[1], "-", "_")]
		})
	}
	write(ts, filepath.Join(ts.Getenv("WORK"), "release-1.sh"), shells[0].script(), 0o755)
	offer(ts)
}

var interpolated = regexp.MustCompile(`(?:<< parameters|\$\[\[ inputs)\.([a-z0-9_-]+) (?:>>|]])`)

// offer puts a curl on PATH that "downloads" the program, and its checksum into the
// scripts.
func offer(ts *testscript.TestScript) {
	work := ts.Getenv("WORK")
	archive := archiveOf(ts)
	write(ts, filepath.Join(work, "released", "tool.tar.gz"), string(archive), 0o644)
	write(ts, filepath.Join(work, "bin", "curl"), `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --output) out=$2; shift ;;
    --retry) shift ;;
    --*) ;;
    *) url=$1 ;;
  esac
  shift
done
case $url in
  `+released+`) ;;
  *) echo "curl: no such file: $url" >&2; exit 22 ;;
esac
cp "`+work+`/released/tool.tar.gz" "$out"
`, 0o755)
	ts.Setenv("PATH", filepath.Join(work, "bin")+string(os.PathListSeparator)+ts.Getenv("PATH"))
	scripts, err := filepath.Glob(filepath.Join(work, "*.sh"))
	ts.Check(err)
	sum := fmt.Sprintf("%x", sha256.Sum256(archive))
	for _, path := range scripts {
		write(ts, path, strings.ReplaceAll(ts.ReadFile(path), strings.Repeat("0", len(sum)), sum), 0o755)
	}
}

// archiveOf is an archive with the program, which is only a script that starts it.
func archiveOf(ts *testscript.TestScript) []byte {
	program, err := exec.LookPath("lambda-release")
	ts.Check(err)
	content := "#!/bin/sh\nexec '" + program + "' \"$@\"\n"
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	ts.Check(files.WriteHeader(&tar.Header{Name: "lambda-release", Mode: 0o755, Size: int64(len(content))}))
	_, err = files.Write([]byte(content))
	ts.Check(err)
	ts.Check(files.Close())
	ts.Check(zipped.Close())
	return b.Bytes()
}

func readRepo(ts *testscript.TestScript, path string) string {
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
	ts.Check(err)
	return string(b)
}

func write(ts *testscript.TestScript, path, text string, mode os.FileMode) {
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	ts.Check(os.WriteFile(path, []byte(text), mode))
	ts.Check(os.Chmod(path, mode)) // if it existed
}

// shell is what a system runs in one shell.
type shell struct {
	name      string
	variables map[string]any
	commands  []string
}

// computed is what a system computes: expressions and outputs.
var computed = regexp.MustCompile(`\$\{\{|\$\(|\$\[|<<`)

// script is the shell's script. Variables whose values the system computes are the
// test's to set.
func (s shell) script() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.variables)) {
		if value := fmt.Sprint(s.variables[name]); !computed.MatchString(value) {
			fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
		}
	}
	return b.String() + strings.Join(s.commands, "\n") + "\n"
}

// shellsOf returns the shells of the first pipeline on a page.
func shellsOf(ts *testscript.TestScript, name, page string) []shell {
	if name == "jenkins" {
		return jenkinsShells(ts, block(ts, page, "groovy"))
	}
	var p map[string]any
	ts.Check(yaml.Unmarshal([]byte(block(ts, page, "yml")), &p))
	var all []shell
	switch name {
	case "gitlab":
		all = gitLabShells(p)
	case "bitbucket":
		for branch, steps := range tree(p, "pipelines", "branches") {
			for _, s := range list(steps) {
				step := tree(s, "step")
				all = append(all, shell{name: branch + "-" + step["name"].(string), commands: texts(step["script"])})
			}
		}
	case "buildkite":
		for _, s := range list(p["steps"]) {
			step := tree(s)
			all = append(all, shell{step["key"].(string), tree(step, "env"), []string{uploaded(ts, step["command"].(string))}})
		}
	case "codebuild":
		s := shell{name: "build", variables: tree(p, "env", "variables")}
		for _, phase := range []string{"install", "build", "post_build"} {
			s.commands = append(s.commands, texts(tree(p, "phases", phase)["commands"])...)
		}
		all = append(all, s)
	case "travis":
		s := shell{name: "job", variables: map[string]any{}}
		for _, v := range texts(tree(p, "env")["global"]) {
			key, value, _ := strings.Cut(v, "=")
			s.variables[key] = value
		}
		for _, phase := range []string{"install", "script", "after_success"} {
			s.commands = append(s.commands, texts(p[phase])...)
		}
		all = append(all, s)
	default: // steps of jobs
		all = stepShells(p, tree(p, "variables"))
	}
	if len(all) == 0 {
		ts.Fatalf("docs/ci/%s.md: the pipeline runs nothing", name)
	}
	return all
}

// block returns the first block of a page in a language.
func block(ts *testscript.TestScript, page, language string) string {
	_, text, ok := strings.Cut(page, "\n```"+language+"\n")
	text, _, closed := strings.Cut(text, "\n```\n")
	if !ok || !closed {
		ts.Fatalf("the page has no block of %s", language)
	}
	return text + "\n"
}

// gitLabShells are those of the jobs, each of which may extend another.
func gitLabShells(p map[string]any) []shell {
	var all []shell
	for name, j := range p {
		job, ok := j.(map[string]any)
		if !ok || job["script"] == nil {
			continue
		}
		s := shell{name: name, variables: map[string]any{}}
		base, _ := job["extends"].(string)
		for _, part := range []map[string]any{tree(p, base), job} {
			maps.Copy(s.variables, tree(part, "variables"))
			s.commands = append(s.commands, texts(part["before_script"])...)
		}
		s.commands = append(s.commands, texts(job["script"])...)
		all = append(all, s)
	}
	return all
}

// uploaded is a command after the upload of a pipeline to Buildkite, which replaces
// variables.
func uploaded(ts *testscript.TestScript, command string) string {
	if m := regexp.MustCompile(`(^|[^$])\$[A-Za-z_{(]`).FindString(command); m != "" {
		ts.Fatalf("Buildkite would replace the variable at %q when the pipeline is uploaded: write $$", m)
	}
	return strings.ReplaceAll(command, "$$", "$")
}

// stepShells are those of the steps of all jobs, wherever they are: CircleCI, Azure
// Pipelines, Gitea.
func stepShells(value any, outer map[string]any) []shell {
	var all []shell
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			all = append(all, stepShells(inner, outer)...)
		}
	case map[string]any:
		variables := maps.Clone(outer)
		if variables == nil {
			variables = map[string]any{}
		}
		for _, key := range []string{"env", "environment", "variables"} {
			maps.Copy(variables, tree(v, key))
		}
		for _, key := range []string{"deployment", "job"} {
			if name, ok := v[key].(string); ok {
				all = append(all, named(name, stepShells(without(v, key), variables))...)
				return all
			}
		}
		for _, s := range list(v["steps"]) {
			step := tree(s)
			command, _ := step["bash"].(string)
			if run, ok := step["run"].(string); ok {
				command = run
			} else if run, ok := tree(step, "run")["command"].(string); ok {
				command = run
			}
			if command == "" {
				continue
			}
			own := maps.Clone(variables)
			maps.Copy(own, tree(step, "env"))
			all = append(all, shell{variables: own, commands: []string{command}})
		}
		for key, inner := range v {
			found := stepShells(inner, variables)
			if key == "steps" {
				continue
			}
			if jobs, ok := inner.(map[string]any); key == "jobs" && ok {
				found = nil
				for name, j := range jobs {
					found = append(found, named(name, stepShells(j, variables))...)
				}
			}
			all = append(all, found...)
		}
	}
	return all
}

func named(job string, all []shell) []shell {
	for i := range all {
		all[i].name = fmt.Sprintf("%s-%d", job, i+1)
	}
	return all
}

func without(m map[string]any, key string) map[string]any {
	m = maps.Clone(m)
	delete(m, key)
	return m
}

var (
	shSteps     = regexp.MustCompile(`(?s)\bsh '''(.*?)'''`)
	environment = regexp.MustCompile(`(?m)^    ([A-Z0-9_]+) = '([^']*)'$`)
)

func jenkinsShells(ts *testscript.TestScript, text string) []shell {
	if strings.Count(text, "{") != strings.Count(text, "}") || strings.Count(text, "sh ") != len(shSteps.FindAllString(text, -1)) {
		ts.Fatalf("the Jenkinsfile has unbalanced braces, or an sh step without '''")
	}
	variables := map[string]any{}
	for _, m := range environment.FindAllStringSubmatch(text, -1) {
		variables[m[1]] = m[2]
	}
	var all []shell
	for _, m := range shSteps.FindAllStringSubmatch(text, -1) {
		// Groovy joins lines at a backslash, as it does in any string.
		all = append(all, shell{variables: variables, commands: []string{strings.ReplaceAll(m[1], "\\\n", "")}})
	}
	return named("release", all)
}

// tree is the map at a path, empty if there is none.
func tree(value any, path ...string) map[string]any {
	m, _ := value.(map[string]any)
	for _, key := range path {
		m, _ = m[key].(map[string]any)
	}
	return m
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

func texts(value any) []string {
	var all []string
	for _, v := range list(value) {
		all = append(all, v.(string))
	}
	return all
}
