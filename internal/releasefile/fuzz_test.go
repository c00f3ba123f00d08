package releasefile_test

import (
	"testing"

	"lambda-release/internal/document"
	"lambda-release/internal/releasefile"
)

// FuzzParse: whatever a file contains, it is read or refused, and what is taken can be
// read for every function.
func FuzzParse(f *testing.F) {
	for _, file := range []string{
		"functions:\n  items:\n    code: ${A}\n", "defaults: {tags: {a: b}}\nfunctions: {items: {environment: {A1: ~}}}", "functions:\n\titems:", "a: [b\n", "a: |\n  b", "? a\n: b",
		"functions: {items: {smoke-tests: [{payload: {a: [1, null]}}]}}", "--- \n...\n---\n", "&a b: *a", "functions: {items: {function-url: {auth: iam, cors: {MaxAge: 5}}}}",
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, content string) {
		file, problems := releasefile.Parse("f", []byte(content))
		for _, p := range problems {
			if p.Error() == "" {
				t.Error("a problem without words")
			}
		}
		functions, _ := releasefile.Schema().Find("functions")
		for _, fn := range file.Functions {
			for _, field := range functions.Element.Fields {
				setting, given, problems := file.Of(fn.Name, field.Name, func(string) string { return "x" })
				if given && (len(problems) > 0 || setting.Value.Kind == document.Refused) {
					t.Errorf("%s: %s is given with %q", content, field.Name, problems)
				}
			}
		}
	})
}
