package release

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

var commit = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// IsCommit reports whether sha is a commit, or at least its first 7 hex digits, in lower
// case.
func IsCommit(sha string) bool { return commit.MatchString(sha) }

// named is the version that the request names, by its number or its commit, None if it
// names none. doing is for errors: `promote`.
func (t target) named(ctx context.Context, req Request, doing string) (alias.Version, error) {
	if req.Commit == "" {
		return req.Version, nil
	}
	versions, of, err := t.ofCommit(ctx, req.Commit)
	if err != nil {
		return alias.None, err
	}
	switch len(of) {
	case 0:
		return alias.None, t.choiceOf(fmt.Sprintf("%s commit %s: no version of %s has it in its description", doing, req.Commit, t.fn.Name), versions)
	case 1:
		version, err := alias.ParseVersion(of[0].Version)
		t.log.fact("commit %s is version %s", req.Commit, version)
		return version, err
	}
	return alias.None, t.choiceOf(fmt.Sprintf("%s commit %s: %d versions of %s have it in their descriptions", doing, req.Commit, len(of), t.fn.Name), of)
}

// ofCommit reads all versions, and has those of the commit. That there is none is
// believed when AWS has shown it three times: the list may lack what was just published.
func (t target) ofCommit(ctx context.Context, commit string) (all, of []awsapi.Configuration, err error) {
	var pace awsapi.Backoff
	for read := 1; ; read++ {
		if all, err = t.versions(ctx); err != nil {
			return nil, nil, err
		}
		of = slices.DeleteFunc(slices.Clone(all), func(v awsapi.Configuration) bool { return publishedFrom(v.Description) != commit })
		if len(of) > 0 || read == 3 {
			return all, of, nil
		}
		_ = pace.Wait(ctx, 1) // if ctx ends, the next call fails with its error
	}
}

// names reports whether the request names a version.
func (req Request) names() bool { return req.Version != alias.None || req.Commit != "" }
