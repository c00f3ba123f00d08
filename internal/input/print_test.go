package input

import (
	"errors"
	"strings"
	"testing"
)

func TestPrintFlags(t *testing.T) {
	t.Parallel()
	for args, tt := range map[string]struct {
		print       Print
		environment string
		problem     string // "" for none
	}{
		"--function-name items":                                    {PrintNothing, "", ""},
		"--print-policy --function-name items":                     {PrintPolicy, "", ""},
		"--print-policy=false --function-name items":               {PrintNothing, "", ""},
		"--print-policy":                                           {PrintPolicy, "", "function-name: missing"},
		"--print-policy=maybe --function-name items":               {PrintNothing, "", `print-policy "maybe": neither true nor false; must be true or false`},
		"--print-trust-policy":                                     {PrintTrustPolicy, "", ""},
		"--print-trust-policy --environment production":            {PrintTrustPolicy, "production", ""},
		"--print-trust-policy --environment=":                      {PrintTrustPolicy, "", "environment: the flag has an empty value"},
		"--print-trust-policy --environment":                       {PrintTrustPolicy, "", "environment: the flag has no value; "},
		"--environment production --function-name items":           {PrintNothing, "", `environment "production": conflicts`},
		"--print-policy --print-trust-policy --function-name item": {PrintPolicy, "", "print-trust-policy: conflicts with print-policy"},
		"--print-polcy --function-name items":                      {PrintNothing, "", "did you mean --print-policy"},
	} {
		in, err := Parse(strings.Fields(args), func(string) string { return "" })
		problems, _ := errors.AsType[Problems](err)
		if in.Print != tt.print || err == nil && in.Environment != tt.environment {
			t.Errorf("%s: prints %d, environment %q", args, in.Print, in.Environment)
		}
		if tt.problem == "" && err != nil || tt.problem != "" && (len(problems) != 1 || !strings.Contains(err.Error(), tt.problem)) {
			t.Errorf("%s: %v", args, err)
		}
	}
}
