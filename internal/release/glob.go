package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// subjects are the functions of the request, and then its globs in place of those
// that they match.
func (req Request) subjects() []function.ID {
	all := slices.Clone(req.Functions)
	for _, glob := range req.Globs {
		all = append(all, function.ID{Name: string(glob), Given: string(glob)})
	}
	return all
}

// expanded is the request with the functions that its globs match, sorted by name,
// after those that were named. If a glob matches none, or they cannot be listed, the
// outcomes say so, and nothing else was read.
func (r *Releaser) expanded(ctx context.Context, req Request) (Request, []Outcome) {
	if len(req.Globs) == 0 {
		return req, nil
	}
	r.Progress.Phase("Find functions")
	all, err := r.AWS.Functions(ctx)
	if err != nil {
		outcomes := notStarted(req, fmt.Errorf("find the functions that %s matches: %w", req.Globs[0], err))
		advisePermissions(outcomes, permissions(req.Policy, r.AWS.Denials(), r.AWS.Region))
		return req, outcomes
	}
	found, unmatched := r.matches(req.Globs, all)
	if len(unmatched) > 0 {
		var outcomes []Outcome
		for _, fn := range req.subjects() {
			outcomes = append(outcomes, notStartedOne(req, fn, unmatched[fn.Given]))
		}
		return req, outcomes
	}
	return req.withFunctions(found), nil
}

// matches are those of all functions that a glob matches, each once and sorted, and
// the error of each glob that matches none.
func (r *Releaser) matches(globs []function.Pattern, all []awsapi.Configuration) ([]function.ID, map[string]error) {
	var found []function.ID
	unmatched := map[string]error{}
	for _, glob := range globs {
		var names []string
		account := ""
		for _, c := range all {
			fn, ok := function.Find(c.ARN)
			account = cmp.Or(account, fn.Account)
			if ok && glob.Matches(fn.Name) {
				names = append(names, fn.Name)
				found = append(found, function.ID{Name: fn.Name, Given: fn.Name})
			}
		}
		if len(names) == 0 {
			unmatched[string(glob)] = &NoMatchError{Glob: glob, Functions: len(all), Region: r.AWS.Region, Account: account}
			continue
		}
		r.say(fmt.Sprintf("%s matches %d of %d functions: %s", glob, len(names), len(all), someOf(names)))
	}
	slices.SortFunc(found, func(a, b function.ID) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(found), unmatched
}

// someOf lists names, of many the first ten.
func someOf(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// NoMatchError says that a glob matches no function.
type NoMatchError struct {
	Glob            function.Pattern
	Functions       int    // that were looked at
	Region, Account string // Account is "" if there is no function
}

func (e *NoMatchError) Error() string {
	if e.Functions == 0 {
		return fmt.Sprintf("%s matches no function: there is none in region %s", e.Glob, e.Region)
	}
	return fmt.Sprintf("%s matches none of the %d functions in region %s, account %s", e.Glob, e.Functions, e.Region, e.Account)
}

// Hint says what to check.
func (e *NoMatchError) Hint() string {
	return "Check the glob, the input `aws-region`, and the account of the credentials."
}
