package release

import (
	"context"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// mappings are the event source mappings of all functions, which are read once a run,
// when they are needed first.
type mappings chan *mappingsRead

type mappingsRead struct {
	all []awsapi.Mapping
	err error
}

func newMappings() mappings {
	m := make(mappings, 1)
	m <- nil
	return m
}

func (m mappings) read(ctx context.Context, aws *awsapi.Client) ([]awsapi.Mapping, error) {
	got := <-m
	if got == nil {
		all, err := aws.Mappings(ctx)
		got = &mappingsRead{all, err}
	}
	m <- got
	return got.all, got.err
}

// refersTo reports whether a mapping invokes a qualifier of the function, "" for the
// function itself.
func (t target) refersTo(m awsapi.Mapping, qualifier string) bool {
	fn, found := function.Find(m.FunctionARN)
	return found && fn.Name == t.fn.Name && (t.fn.Account == "" || t.fn.Account == fn.Account) &&
		function.QualifierOf(m.FunctionARN) == qualifier && m.State != "Deleting"
}

// sourceOf is the source of a mapping for people.
func sourceOf(m awsapi.Mapping) string {
	if m.Source == "" {
		return "a self-managed source"
	}
	return m.Source
}
