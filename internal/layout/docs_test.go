package layout

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

// pages returns all Markdown pages by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/ci/*.md"} {
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

// TestLinks: links within the repository lead to a file, and to a heading in it.
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
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			}
			if anchor != "" && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", page, m[1], target)
			}
		}
	}
}

// anchors returns the anchors that GitHub gives a page's headings.
func anchors(text string) []string {
	var all []string
	for _, m := range headings.FindAllStringSubmatch(blocks.ReplaceAllString(text, "\n"), -1) {
		name := strings.ToLower(strings.NewReplacer("`", "", "*", "").Replace(m[1]))
		name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

// TestRecipes: each recipe is a complete workflow, and uses the action, or the one
// in binary/, with inputs and outputs of action.yml.
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

// implied are the actions that AWS requires for our calls beside those named after
// them.
var implied = []string{
	"codedeploy:GetApplicationRevision", "codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision", // by CreateDeployment
	"iam:PassRole", "lambda:GetLayerVersion", // by UpdateFunctionConfiguration
	"s3:GetObject", "s3:GetObjectVersion", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", // by UpdateFunctionCode
}

// TestIAM: the statements of docs/iam.md allow the calls in the code and no others.
func TestIAM(t *testing.T) {
	t.Parallel()
	want := slices.Clone(implied)
	for _, s := range sources(t) {
		if s.pkg != "internal/awsapi" || s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if service, operation, ok := called(n); ok && operation != "GetCallerIdentity" { // which needs no permission
				want = append(want, allowing(service, operation))
			}
			// The client of S3 is not the SDK's: it has no types for inputs.
			if text, ok := n.(*ast.BasicLit); ok && regexp.MustCompile(`^"s3:[A-Z]`).MatchString(text.Value) {
				want = append(want, strings.Trim(text.Value, `"`))
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
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		t.Errorf("docs/iam.md (-called +allowed):\n%s", diff)
	}
}

// called returns the operation of an input type: GetAlias for lambda.GetAliasInput.
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
	return of.Name, operation, ok && of.Name != "middleware"
}

// allowing returns the action that allows an operation; most have its name.
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

// actionsIn returns the actions of a policy, a statement, or a list of statements.
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

// TestChangelog: the headings have the form in which the release workflow looks for
// the notes of a version.
func TestChangelog(t *testing.T) {
	t.Parallel()
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1) {
		if !regexp.MustCompile(`^(Unreleased|v\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\))$`).MatchString(m[1]) {
			t.Errorf("the heading %q is neither Unreleased nor vX.Y.Z (YYYY-MM-DD)", m[1])
		}
	}
}
