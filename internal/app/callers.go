package app

import (
	"lambda-release/internal/awsapi"
	"lambda-release/internal/ci"
	"lambda-release/internal/gateway"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// stages are those of an alias, by function name.
func stages(in input.Input, alias string) map[string][]gateway.Stage {
	all := map[string][]gateway.Stage{}
	for fn, byAlias := range in.Stages {
		all[fn] = byAlias[alias]
	}
	return all
}

// copyFrom is from where the settings are copied.
func copyFrom(in input.Input) policy.CopyFrom {
	switch in.CopySettingsFrom {
	case "":
		return policy.FromNowhere
	case release.FromFunction:
		return policy.FromFunction
	}
	return policy.FromAlias
}

// leads reports whether the operation leads callers to the alias.
func leads(in input.Input) bool {
	return in.Operation == release.Release || in.Operation == release.Promote
}

// foreignError refuses to let everyone call code that its repository has not accepted.
type foreignError struct{}

func (foreignError) Error() string {
	return "`function-url: public` is not allowed for the code of a fork, or where the event does not name its repository: it has not been reviewed, and everyone could call it with the function's permissions"
}

// Hint says how to go on.
func (foreignError) Hint() string {
	return "Leave `function-url` empty for pull requests of forks, or set it to `iam`."
}

func checkForeign(in input.Input, ev ci.Event) error {
	if !ev.Foreign || !leads(in) {
		return nil
	}
	for _, url := range in.URLs {
		if url.AuthType == awsapi.URLPublic {
			return foreignError{}
		}
	}
	return nil
}

// checkSource refuses to copy the settings of an alias to itself.
func checkSource(in input.Input, target rules.Target) error {
	if in.CopySettingsFrom == "" || in.CopySettingsFrom != target.Alias || !leads(in) {
		return nil
	}
	return input.Problem{
		Input: "copy-settings-from", Value: in.CopySettingsFrom, What: "is the alias that is released itself",
		Allowed: "name another alias, or function, or leave it empty for this alias",
	}
}
