package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
)

// ChoiceError says that a version has to be named, and which there are.
type ChoiceError struct {
	What     string
	Versions []awsapi.Configuration // newest first
	More     int                    // older ones that are not listed
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
	b.WriteString("Set the input `version` to one of these, newest first:")
	for _, v := range e.Versions {
		fmt.Fprintf(&b, "\n%s  %.10s  %s", v.Version, v.LastModified, v.Description)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n… and %d older ones", e.More)
	}
	return b.String()
}

// choice is the error that lists the versions there are.
func (t target) choice(ctx context.Context, what string) error {
	versions, err := t.versions(ctx)
	if err != nil {
		return fmt.Errorf("%s; its versions could not be listed: %w", what, err)
	}
	slices.Reverse(versions)
	listed := min(len(versions), maxChoice)
	return &ChoiceError{What: what, Versions: versions[:listed], More: len(versions) - listed}
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
	return all, nil
}
