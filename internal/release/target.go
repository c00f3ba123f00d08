package release

import (
	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// target is a function in a region and account, and the alias in question.
type target struct {
	fn   function.ID
	aws  *awsapi.Client // of that region and account
	edit *alias.Editor
	log  *journal
	run  alias.Run

	rerun   bool // a later attempt of the run
	several bool // other functions are worked on, too
	listed  bool // a glob has matched it, and nothing else has named it

	mappings mappings // once in a run

	getenv func(string) string
}

func (r *Releaser) target(req Request, fn function.ID, mappings mappings) target {
	log := &journal{progress: r.Progress, function: fn.Name}
	return target{
		fn: fn, aws: r.AWS, log: log, run: req.Run.id(), mappings: mappings, getenv: r.Getenv,
		rerun: !req.Run.asksOrder(), several: len(req.Functions) > 1, listed: req.listed[fn.Name],
		edit: alias.NewEditor(r.AWS, fn, req.Alias, req.Run.id(), func(text string) { log.fact("%s", text) }),
	}
}

// alias is the alias's name.
func (t target) alias() string { return t.edit.Name() }
