package layout

import (
	"slices"
	"strings"
	"testing"
)

// graph has every package with the packages of ours that it may import. It is the
// package layout: what is not listed is not allowed.
var graph = map[string][]string{
	".": {"app"},

	"app":    {"alias", "awsapi", "ci", "configuration", "function", "gateway", "input", "policy", "release", "report", "rollout", "rules"},                // the wiring
	"ci":     {"rules"},                                                                                                                                    // for rules.Ref
	"input":  {"alias", "analysis", "artifact", "configuration", "document", "function", "gateway", "lines", "release", "releasefile", "rollout", "rules"}, // release: for its Operation
	"report": {"alias", "analysis", "ci", "release", "rollout"},                                                                                            // renders a Result; it makes no call to AWS

	"release":       {"alias", "analysis", "artifact", "awsapi", "configuration", "function", "gateway", "policy", "rollout"},
	"alias":         {"awsapi", "function"}, // for the Editor; the rest is pure
	"rollout":       {"alias", "analysis", "awsapi", "function"},
	"analysis":      {"lines"}, // pure
	"artifact":      {"lines"}, // files, not AWS
	"gateway":       {"awsapi", "function", "lines"},
	"awsapi":        {"configuration", "function", "policy"},            // policy: for the trust policy that a refused token needs
	"policy":        {"artifact", "configuration", "function", "rules"}, // pure
	"releasefile":   {"configuration", "document", "function", "lines"}, // pure, but for looking for the file
	"configuration": {"document"},                                       // pure
	"document":      {"lines"},                                          // pure
	"rules":         {"lines"},
	"function":      {},
	"lines":         {},

	// Not part of the program.
	"localaws":    {},
	"demo":        {"app", "conformance", "localaws"},
	"conformance": {},
	"layout":      {"app"}, // prints the policies that the docs show

	"rollout/power": {"analysis"},           // prints the tables of docs/rollout.md
	"whichalias":    {"app", "ci", "rules"}, // a page; app: for its test, which compares it with the program
}

// forTests are the packages that every test may import.
var forTests = []string{"localaws"}

// owners are the packages whose code, tests excluded, may import a module. Modules
// that are not listed are for all packages.
var owners = map[string][]string{
	"github.com/aws/aws-sdk-go-v2":               {"awsapi", "conformance", "demo"},     // demo: for -aws
	"github.com/aws/smithy-go":                   {"awsapi", "conformance", "localaws"}, // localaws: for the encoding CBOR
	"github.com/sethvargo/go-githubactions":      {"ci"},
	"github.com/yuin/goldmark":                   {"demo"}, // for -html; not in the program
	"github.com/rogpeppe/go-internal/testscript": {},
	"github.com/google/go-cmp/":                  {},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		pkg := strings.TrimPrefix(s.pkg, "internal/")
		allowed, ok := graph[pkg]
		if !ok {
			t.Errorf("%s: package %s is not in the graph in imports_test.go", s.path, pkg)
			continue
		}
		if s.test {
			allowed = slices.Concat(allowed, forTests, []string{pkg})
		}
		for _, path := range s.imports() {
			ours, internal := strings.CutPrefix(path, module+"/internal/")
			switch {
			case internal && !slices.Contains(allowed, ours):
				t.Errorf("%s imports %s: of our packages, %s may import only %q", s.path, path, pkg, allowed)
			case !internal && strings.HasPrefix(path, module):
				t.Errorf("%s imports %s: all packages must be in internal/", s.path, path)
			case !internal && !s.test && !mayImport(pkg, path):
				t.Errorf("%s imports %s, which package %s may not import", s.path, path, pkg)
			}
		}
	}
}

func mayImport(pkg, path string) bool {
	for prefix, packages := range owners {
		if strings.HasPrefix(path, prefix) {
			return slices.Contains(packages, pkg)
		}
	}
	return true
}

// TestGraph: the graph has no package and no import that does not exist.
func TestGraph(t *testing.T) {
	t.Parallel()
	engine(t)
	exists, imports := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		pkg := strings.TrimPrefix(s.pkg, "internal/")
		exists[pkg] = true
		for _, path := range s.imports() {
			imports[pkg+" "+strings.TrimPrefix(path, module+"/internal/")] = true
		}
	}
	for pkg, allowed := range graph {
		if !exists[pkg] {
			t.Errorf("the graph has package %s, which does not exist", pkg)
		}
		for _, path := range allowed {
			if !imports[pkg+" "+path] {
				t.Errorf("%s does not import %s, as the graph allows", pkg, path)
			}
		}
	}
}
