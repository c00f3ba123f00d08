package input

import (
	"strings"
	"testing"

	"lambda-release/internal/gateway"
)

// Several functions may be behind a stage, but not with different aliases.
func TestStagesOfFunctions(t *testing.T) {
	t.Parallel()
	one, two := []gateway.Stage{{ARN: "arn:one"}}, []gateway.Stage{{ARN: "arn:two"}}
	in := Input{Stages: map[string]map[string][]gateway.Stage{"items": {"prod": one, "dev": two}, "orders": {"prod": one}}}
	if problems := in.crossCheck(nil); len(problems) > 0 {
		t.Error(problems)
	}
	in.Stages["orders"]["prod"] = two
	const want = `api-gateway-stages "arn:two": conflicts with another function: items binds it to dev, and orders to prod; `
	if problems := in.crossCheck(nil); len(problems) != 1 || !strings.HasPrefix(problems.Error(), want) {
		t.Errorf("%v\nwant %s…", problems, want)
	}
}
