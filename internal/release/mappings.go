package release

import (
	"context"
	"slices"

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

// refersTo reports whether a mapping invokes one of these qualifiers of a function, ""
// for the function itself. One that is being deleted does not.
func refersTo(m awsapi.Mapping, fn function.ID, qualifiers ...string) bool {
	at, found := function.Find(m.FunctionARN)
	return found && at.Name == fn.Name && (fn.Account == "" || fn.Account == at.Account) &&
		slices.Contains(qualifiers, function.QualifierOf(m.FunctionARN)) && m.State != "Deleting"
}

// sourceOf is the source of a mapping for people.
func sourceOf(m awsapi.Mapping) string {
	if m.Source == "" {
		return "a self-managed source"
	}
	return m.Source
}
