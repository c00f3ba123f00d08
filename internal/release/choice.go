package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// ChoiceError says that a version has to be named, and which there are.
type ChoiceError struct {
	What     string
	Versions []awsapi.Configuration // newest first
	More     int                    // older ones that are not listed
	Function string                 // of several, the one that it is about: a version is for all of them
}

// maxChoice is how many versions an error lists.
const maxChoice = 20

func (e *ChoiceError) Error() string { return e.What }

// Hint lists the versions.
func (e *ChoiceError) Hint() string {
	if len(e.Versions) == 0 {
		return "There is no published version: publish one with `operation: release`."
	}
	var b strings.Builder
	if e.Function != "" {
		fmt.Fprintf(&b, "Give %s a job of its own, with the input `version` set to one of these, newest first:", e.Function)
	} else {
		b.WriteString("Set the input `version` to one of these, newest first:")
	}
	for _, v := range e.Versions {
		fmt.Fprintf(&b, "\n%s  %.10s  %s", v.Version, v.LastModified, v.Description)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n… and %d older ones", e.More)
	}
	return b.String()
}

// NoAliasError says that an alias does not exist that an input names.
type NoAliasError struct {
	Input, Name, Function string
	Aliases               string // that there are, "" for none
}

func (e NoAliasError) Error() string {
	return fmt.Sprintf("%s %q: %s has no such alias", e.Input, e.Name, e.Function)
}

// Hint lists the aliases. A name that is one of a commit is no alias's.
func (e NoAliasError) Hint() string {
	if e.Input == "version" && IsCommit(e.Name) {
		return fmt.Sprintf("For the version of a commit, set the input `version` to commit:%s.", e.Name)
	}
	if e.Aliases == "" {
		return e.Function + " has no alias yet: a release creates one."
	}
	return fmt.Sprintf("Set the input `%s` to one of the aliases that there are: %s.", e.Input, e.Aliases)
}

// choice is the error that lists the versions there are.
func (t target) choice(ctx context.Context, what string) error {
	versions, err := t.versions(ctx)
	if err != nil {
		return fmt.Errorf("%s; its versions could not be listed: %w", what, err)
	}
	return t.choiceOf(what, versions)
}

// choiceOf is the error that lists these versions, which are oldest first.
func (t target) choiceOf(what string, versions []awsapi.Configuration) error {
	slices.Reverse(versions)
	listed := min(len(versions), maxChoice)
	e := &ChoiceError{What: what, Versions: versions[:listed], More: len(versions) - listed}
	if t.several {
		e.Function = t.fn.Name
	}
	return e
}

// versions are all published versions, oldest first.
func (t target) versions(ctx context.Context) ([]awsapi.Configuration, error) {
	var all []awsapi.Configuration
	for v, err := range t.aws.Versions(ctx, t.fn) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b awsapi.Configuration) int { return cmp.Compare(numberOf(a), numberOf(b)) })
	return all, nil
}

// numberOf is the number of a published version.
func numberOf(c awsapi.Configuration) alias.Version {
	v, _ := alias.ParseVersion(c.Version) // what is published has a number
	return v
}
