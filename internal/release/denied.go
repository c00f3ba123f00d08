package release

import (
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/policy"
)

// advice is what to do about the calls that were denied in a run.
type advice struct {
	// missing is the whole policy that the inputs need, with what is missing in
	// statements of their own; "" if nothing was denied that a statement would allow.
	missing string
	others  []awsapi.Denial // those that no statement helps
}

// text is the advice, without what is shown with errs already: a line for each
// denial that no statement helps, and what is missing.
func (a advice) text(errs ...error) string {
	seen := shown(errs)
	var lines []string
	for _, d := range a.others {
		if !slices.Contains(seen, d) {
			lines = append(lines, fmt.Sprintf("%s on %s: %s", d.Action, d.Resource, d.Other))
		}
	}
	return strings.TrimSpace(strings.Join(append(lines, a.missing), "\n"))
}

// permissions is what to do about the calls that were denied in this run, all of
// them, so that one run is enough to find out.
func permissions(needs policy.Needs, denials []awsapi.Denial, region string) advice {
	var calls []policy.Call
	var others []awsapi.Denial
	var account, identity string
	for _, d := range denials {
		call := policy.Call{Action: d.Action, Resource: d.Resource}
		if object, ok := needs.Known(region, "").Object(d.CodeOf); ok {
			call = object
		}
		if d.Other != "" {
			others = append(others, d)
			continue
		}
		calls = append(calls, call)
		if d.Identity != "" {
			account, identity = d.Account, d.Identity
		}
	}
	if len(calls) == 0 {
		return advice{others: others}
	}
	who := "the role that the job runs with"
	if identity != "" {
		who = fmt.Sprintf("%s of account %s", identity, account)
	}
	p := policy.For(needs.Known(region, account)).Marked(calls)
	text := []string{fmt.Sprintf("These inputs need this policy of %s. What was denied in this run is in the statements whose Sid begins with Missing; later calls may need the others.", who)}
	text = append(text, slices.Concat(p.Notes, p.SizeNotes(), []string{p.JSON()})...)
	return advice{strings.Join(text, "\n"), others}
}

// shown are the denials that are reported with errs, each with its hint.
func shown(errs []error) []awsapi.Denial {
	var all []awsapi.Denial
	for _, err := range errs {
		advised := hint(err) // of the first error in err only
		walk(err, func(e *awsapi.Error) {
			if e.Kind != awsapi.Denied {
				return
			}
			if d := e.Denial(); strings.Contains(advised, d.Other) {
				all = append(all, d)
			}
		})
	}
	return all
}

// isDenied reports whether AWS denied a call to the role.
func isDenied(err error) bool {
	denied := false
	walk(err, func(e *awsapi.Error) { denied = denied || e.Kind == awsapi.Denied && e.Service != "sts" })
	return denied
}

// lacksStatement reports whether AWS denied a call that a statement in the role's
// policy would allow.
func lacksStatement(err error) bool {
	denied := false
	walk(err, func(e *awsapi.Error) {
		denied = denied || e.Kind == awsapi.Denied && e.Denial().Other == "" && e.Service != "sts"
	})
	return denied
}

// walk calls see with every error of AWS in err, also in what errors.Join has
// joined.
func walk(err error, see func(*awsapi.Error)) {
	if e, ok := err.(*awsapi.Error); ok { //nolint:errorlint // each error of the tree is looked at by itself
		see(e)
	}
	switch e := err.(type) { //nolint:errorlint // the same
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			walk(inner, see)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, see)
		}
	}
}
