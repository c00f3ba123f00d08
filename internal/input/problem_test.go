package input

import (
	"errors"
	"strings"
	"testing"
)

func TestProblemsError(t *testing.T) {
	t.Parallel()
	_, err := Parse([]string{"--timout", "5m", "--alias", strings.Repeat("ü", 300)}, env(map[string]string{
		"function-name": "a\n::error::b",
		"aliases":       "main",
	}))
	want := strings.Join([]string{
		`flag "--timout": unknown (did you mean --timeout?); --help-all lists all flags`,
		`function-name "::error::b": neither a name nor the ARN of a function; ` + allowedOf("function-name"),
		`aliases "main": line 1: no "=" between pattern and alias; write PATTERN=ALIAS, for example main=prod`,
		`alias "` + strings.Repeat("ü", 80) + `"… (300 characters): an alias may not contain 'ü'; ` + allowedOf("alias"),
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if p, ok := errors.AsType[Problem](err); !ok || p.Input != "flag" {
		t.Errorf("got first %+v", p)
	}
}

func allowedOf(name string) string {
	for _, s := range table {
		if s.name == name {
			return s.allowed
		}
	}
	return ""
}

// What is printed of a value stays in its line, whatever the value.
func TestProblemIsOneLine(t *testing.T) {
	t.Parallel()
	p := Problem{Input: "x", Value: "a\n::set-output name=version::9\r\x1b[2J", What: "y"}
	if got, want := p.Error(), `x "a\n::set-output name=version::9\r\x1b[2J": y`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
