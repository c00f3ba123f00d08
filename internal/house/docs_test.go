package house

import (
	"encoding/json"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pages are all pages of the repository, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range found {
			all[page] = read(t, page)
		}
	}
	return all
}

var (
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
	blocks   = regexp.MustCompile("(?s)\n```.*?\n```\n")
)

// TestLinks follows the links within the repository, to the heading.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for page, text := range all {
		for _, m := range links.FindAllStringSubmatch(blocks.ReplaceAllString(text, "\n"), -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			target := page
			if to != "" {
				target = path.Join(path.Dir(page), to)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
			if anchor != "" && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", page, m[1], target)
			}
		}
	}
}

// anchors are what GitHub makes of a page's headings.
func anchors(text string) []string {
	var all []string
	for _, m := range headings.FindAllStringSubmatch(blocks.ReplaceAllString(text, "\n"), -1) {
		name := strings.ToLower(strings.NewReplacer("`", "", "*", "").Replace(m[1]))
		name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

// TestRecipes: what is to be copied is whole, and uses the action, in either of
// its forms, as it is.
func TestRecipes(t *testing.T) {
	t.Parallel()
	a := readAction(t)
	binary := regexp.MustCompile(`(lambda-release)/binary@`)
	for _, recipe := range examples(read(t, "docs/recipes.md")) {
		title, _, _ := strings.Cut(recipe, "\n")
		for _, key := range []string{"name: ", "on:\n", "jobs:\n", "permissions:\n", "timeout-minutes: "} {
			if !strings.Contains(recipe, key) {
				t.Errorf("the recipe %q lacks %s", title, key)
			}
		}
		recipe = binary.ReplaceAllString(recipe, "$1@")
		used := uses(recipe)
		if len(used) == 0 {
			t.Errorf("the recipe %q does not use the action", title)
		}
		for _, u := range used {
			checkUse(t, "docs/recipes.md", recipe, u, a)
		}
	}
}

// askedAlong are the actions on docs/iam.md that no call of ours is named after.
var askedAlong = []string{
	"codedeploy:GetApplicationRevision", "codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision", // by CreateDeployment
	"s3:GetObject", "s3:GetObjectVersion", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", // by UpdateFunctionCode
}

// TestIAM holds the statements of docs/iam.md to the calls in the code: an
// action for each, and none besides.
func TestIAM(t *testing.T) {
	t.Parallel()
	want := slices.Clone(askedAlong)
	for _, s := range sources(t) {
		if s.pkg != "internal/awsapi" || s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if service, operation, ok := called(n); ok {
				want = append(want, allowing(service, operation))
			}
			return true
		})
	}
	var got []string
	page := read(t, "docs/iam.md")
	for _, block := range strings.Split(page, "\n```json\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		got = append(got, actionsIn(t, block)...)
	}
	slices.Sort(want)
	slices.Sort(got)
	got = slices.Compact(append(got, "lambda:DeleteAlias")) // told in a sentence, for several functions
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		t.Errorf("docs/iam.md (-called +allowed):\n%s", diff)
	}
}

// called tells of an operation's input, lambda.GetAliasInput, which operation
// it is.
func called(n ast.Node) (service, operation string, ok bool) {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	of, ok := selector.X.(*ast.Ident)
	if !ok {
		return "", "", false
	}
	operation, ok = strings.CutSuffix(selector.Sel.Name, "Input")
	return of.Name, operation, ok
}

// allowing is the action that allows an operation; most have its name.
func allowing(service, operation string) string {
	switch service + "." + operation {
	case "lambda.Invoke":
		return "lambda:InvokeFunction"
	case "apigateway.GetStage", "apigatewayv2.GetStage":
		return "apigateway:GET"
	case "apigateway.UpdateStage", "apigatewayv2.UpdateStage":
		return "apigateway:PATCH"
	}
	return service + ":" + operation
}

// actionsIn are the actions of a policy, of a statement, or of a list of them.
func actionsIn(t *testing.T, block string) []string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(block), &value); err != nil {
		t.Errorf("docs/iam.md: %v in\n%s", err, block)
	}
	var all []string
	var walk func(key string, value any)
	walk = func(key string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, inner := range v {
				walk(key, inner)
			}
		case []any:
			for _, inner := range v {
				walk(key, inner)
			}
		case string:
			if key == "Action" {
				all = append(all, v)
			}
		}
	}
	walk("", value)
	return all
}

// TestChangelog: what a release takes its notes from.
func TestChangelog(t *testing.T) {
	t.Parallel()
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1) {
		if !regexp.MustCompile(`^(Unreleased|v\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\))$`).MatchString(m[1]) {
			t.Errorf("the heading %q is neither Unreleased nor vX.Y.Z (YYYY-MM-DD)", m[1])
		}
	}
}
