package release

import (
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/policy"
)

// permissions is what to do about the calls that were denied in this run: the whole
// policy that its inputs need, with what is missing in statements of their own, so
// that one run is enough to find out. It is "" if nothing was denied that a
// statement would allow.
func permissions(needs policy.Needs, denials []awsapi.Denial, region string) string {
	var calls []policy.Call
	var account, identity string
	for _, d := range denials {
		if d.Other != "" {
			continue
		}
		calls = append(calls, policy.Call{Action: d.Action, Resource: d.Resource})
		if d.Identity != "" {
			account, identity = d.Account, d.Identity
		}
	}
	if len(calls) == 0 {
		return ""
	}
	who := "the role that the job runs with"
	if identity != "" {
		who = fmt.Sprintf("%s of account %s", identity, account)
	}
	p := policy.For(needs.Known(region, account)).Marked(calls)
	text := []string{fmt.Sprintf("These inputs need this policy of %s. What was denied in this run is in the statements whose Sid begins with Missing; later calls may need the others.", who)}
	text = append(text, slices.Concat(p.Notes, p.SizeNotes(), []string{p.JSON()})...)
	return strings.Join(text, "\n")
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
