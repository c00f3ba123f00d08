package house

import (
	"slices"
	"strings"
	"testing"
)

// graph says which packages of ours each package may import. It is all there
// is: a new package takes a line here.
var graph = map[string][]string{
	".": {"app"},

	"app":      {"awsapi", "event", "input", "release", "report", "rules", "traffic"}, // the one wiring
	"input":    {"artifact", "function", "gateway", "lines", "rules", "traffic"},      // to parse
	"event":    {"rules"},                                                             // for rules.Ref
	"rules":    {"lines"},
	"report":   {"release"}, // Result and Progress; it never calls AWS
	"release":  {"artifact", "awsapi", "function", "gateway", "traffic"},
	"traffic":  {"awsapi"},
	"gateway":  {"awsapi", "function", "lines"},
	"artifact": {"lines"}, // knows files, not AWS
	"awsapi":   {"function"},
	"function": {},
	"lines":    {},

	// Not part of the program.
	"localaws": {},
	"demo":     {"app", "localaws"},
	"house":    {},
}

// forTests is what any test may import besides: the embedded AWS.
var forTests = []string{"localaws"}

// seams says who alone may import a module, tests apart. The modules that are
// not here are for everyone.
var seams = map[string][]string{
	"github.com/aws/aws-sdk-go-v2":               {"awsapi"},
	"github.com/aws/smithy-go":                   {"awsapi", "localaws"}, // localaws: one of the protocols of AWS
	"github.com/sethvargo/go-githubactions":      {"report", "app"},      // app: the OIDC token
	"github.com/rogpeppe/go-internal/testscript": {},
	"github.com/google/go-cmp/":                  {},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		pkg := strings.TrimPrefix(s.pkg, "internal/")
		allowed, ok := graph[pkg]
		if !ok {
			t.Errorf("%s: the graph in imports_test.go has no package %s: say there what it may import", s.path, pkg)
			continue
		}
		if s.test {
			allowed = slices.Concat(allowed, forTests, []string{pkg})
		}
		for _, path := range s.imports() {
			ours, internal := strings.CutPrefix(path, module+"/internal/")
			switch {
			case internal && !slices.Contains(allowed, ours):
				t.Errorf("%s imports %s: %s may import %q and nothing else of ours", s.path, path, pkg, allowed)
			case !internal && strings.HasPrefix(path, module):
				t.Errorf("%s imports %s: packages are in internal/", s.path, path)
			case !internal && !s.test && !atSeam(path, pkg):
				t.Errorf("%s imports %s, which %s has no business with", s.path, path, pkg)
			}
		}
	}
}

func atSeam(path, pkg string) bool {
	for prefix, who := range seams {
		if strings.HasPrefix(path, prefix) {
			return slices.Contains(who, pkg)
		}
	}
	return true
}
