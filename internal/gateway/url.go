package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

// URL is the function URL that an alias is to have; see NewURL. The zero URL leaves it
// as it is.
type URL struct {
	AuthType string // awsapi.URLPublic or awsapi.URLIAM
	CORS     *CORS  // nil: the settings stay as they are; of a new URL there are none
}

// authTypes are those of a URL by the words of inputs: whom it answers.
var authTypes = map[string]string{"iam": awsapi.URLIAM, "public": awsapi.URLPublic}

// NewURL is the URL that answers public or iam, with these CORS settings unless they are
// nil. If anything is wrong with it, that is returned.
func NewURL(answers string, cors *CORS) (URL, []Wrong) {
	var wrong []Wrong
	auth, known := authTypes[answers]
	if !known {
		wrong = append(wrong, Wrong{Index: -1, What: "unknown" + lines.DidYouMean(answers, slices.Sorted(maps.Keys(authTypes))), Allowed: "must be iam or public"})
	}
	if cors != nil {
		wrong = append(wrong, checkCORS(*cors)...)
	}
	return URL{auth, cors}, wrong
}

// IsZero reports whether an alias's URL stays as it is.
func (u URL) IsZero() bool { return u == URL{} }

// over is what the CORS settings of a URL are to be that has these.
func (u URL) over(has CORS) CORS {
	if u.CORS == nil {
		return has
	}
	return *u.CORS
}

// everyone is what the policy of an alias needs so that its public URL answers:
// since October 2025 both. Neither allows anything without the URL, or if its
// AuthType is another.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
var everyone = []awsapi.Permission{
	{ID: "lambda-release-url", AWS: "*", Action: "lambda:InvokeFunctionUrl", URLAuth: awsapi.URLPublic},
	{ID: "lambda-release-url-invoke", AWS: "*", Action: "lambda:InvokeFunction", ViaURL: true},
}

// publicLeft are the changes of a policy after which everyone may call the URL.
func publicLeft(policy awsapi.Policy) []step {
	var all []step
	for _, want := range everyone {
		all = append(all, reconcile(policy, want)...)
	}
	return all
}

// ReadURL reads the function URL of an alias, which need not exist: a URL outlives
// its alias (fact A21). It is zero if there is none. One with another AuthType than
// wanted is an *AuthTypeError.
func ReadURL(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, want URL) (awsapi.URL, error) {
	url, err := aws.URL(ctx, fn, alias)
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return awsapi.URL{}, nil
	case err != nil:
		return awsapi.URL{}, urlFailed(fn, alias, err)
	}
	return url, want.check(url, fn, aws.Region)
}

// check refuses a URL with another AuthType than wanted.
func (u URL) check(has awsapi.URL, fn function.ID, region string) error {
	if has.Auth == u.AuthType {
		return nil
	}
	return &AuthTypeError{Function: fn, Alias: has.Qualifier, Region: region, Has: has.Auth, Wanted: u.AuthType}
}

// PlanURL returns what OpenURL would change about an alias with this URL, and changes
// nothing.
func PlanURL(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, want URL, url awsapi.URL) ([]string, error) {
	var changes []string
	if want.AuthType == awsapi.URLPublic {
		policy, err := aws.Policy(ctx, fn, alias)
		if err != nil {
			return nil, urlFailed(fn, alias, err)
		}
		if len(publicLeft(policy)) > 0 {
			changes = append(changes, opened(fn, alias))
		}
	}
	if url.Address == "" {
		return append(changes, fmt.Sprintf("%s:%s has a function URL with AuthType %s%s", fn.Name, alias, want.AuthType, withCORS(want.over(CORS{})))), nil
	}
	return append(changes, newCORS(fn, alias, url.CORS, want.over(url.CORS))...), nil
}

// OpenURL gives an alias its function URL and, if that is public, allows everyone to
// call it. The alias must exist; before is its URL as it was read before, zero for
// none. The permissions come first: they allow nothing without the URL, and it never
// refuses callers. The changes are returned as by Allow.
func OpenURL(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, want URL, before awsapi.URL, report func(string)) (awsapi.URL, []string, error) {
	o := &opening{aws: aws, fn: fn, alias: alias, want: want, url: before, progress: progress{report: report}}
	if want.AuthType == awsapi.URLPublic {
		taken, err := allow(ctx, aws, fn, alias, publicLeft)
		if err != nil {
			return before, nil, urlFailed(fn, alias, err)
		}
		if len(taken) > 0 {
			o.did(opened(fn, alias))
		}
	}
	if before.Address != "" { // another run may have changed or deleted it since
		if err := o.read(ctx); err != nil {
			return o.url, o.changed, err
		}
	}
	err := o.settle(ctx)
	return o.url, o.changed, err
}

// opening is the URL of an alias: what it should be, and what was read.
type opening struct {
	aws   *awsapi.Client
	fn    function.ID
	alias string
	want  URL
	url   awsapi.URL // as last read or written
	progress
}

// settle creates the URL or changes its CORS settings, if that is left to do. AWS may
// not know the alias yet, or be at work on it: that is waited out for as long as ctx
// allows, and the alias exists. A write that AWS has answered is not repeated, even if
// the answer shows other settings.
func (o *opening) settle(ctx context.Context) error {
	pace := o.aws.PaceFor(o.fn, o.alias)
	var last error
	calls := 0
	for !o.settled() {
		if last != nil {
			if ended := pace.Wait(ctx, calls, last); ended != nil {
				return urlFailed(o.fn, o.alias, ended)
			}
		}
		was := o.url
		url, err := o.write(ctx)
		calls = 1
		switch {
		case err == nil:
			o.url = url
			o.wrote(was)
			return o.want.check(url, o.fn, o.aws.Region)
		case !mayPass(err), ambiguous(err) && ambiguous(last):
			return urlFailed(o.fn, o.alias, err)
		case was.Address == "" && awsapi.Is(err, awsapi.NotFound): // AWS does not know the alias yet
		default:
			calls++
			readErr := o.reread(ctx)
			if ambiguous(err) && o.settled() {
				o.wrote(was)
			}
			if readErr != nil {
				return readErr
			}
		}
		last = err
	}
	return nil
}

// settled reports whether the URL is as wanted.
func (o *opening) settled() bool {
	return o.url.Address != "" && sameCORS(o.url.CORS, o.want.over(o.url.CORS))
}

// write creates the URL, or changes its CORS settings if there is one.
func (o *opening) write(ctx context.Context) (awsapi.URL, error) {
	if o.url.Address == "" {
		return o.aws.CreateURL(ctx, o.fn, o.alias, o.want.AuthType, o.want.over(CORS{}))
	}
	return o.aws.SetCORS(ctx, o.fn, o.alias, o.want.over(o.url.CORS))
}

// wrote notes what has changed when the URL is as wanted.
func (o *opening) wrote(was awsapi.URL) {
	if was.Address == "" {
		o.did(fmt.Sprintf("%s:%s has the function URL %s%s", o.fn.Name, o.alias, o.url.Address, withCORS(o.want.over(CORS{}))))
		return
	}
	for _, what := range newCORS(o.fn, o.alias, was.CORS, o.want.over(was.CORS)) {
		o.did(what)
	}
}

func (o *opening) read(ctx context.Context) error {
	url, err := ReadURL(ctx, o.aws, o.fn, o.alias, o.want)
	if err == nil || url.Address != "" {
		o.url = url
	}
	return err
}

// reread reads the URL after a write, also if ctx has ended meanwhile.
func (o *opening) reread(ctx context.Context) error {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	return o.read(ctx)
}

// withCORS says what settings a URL is created with.
func withCORS(c CORS) string {
	if c.IsZero() {
		return ""
	}
	return ", with CORS settings: " + strings.Join(differences(CORS{}, c), "; ")
}

// newCORS says what settings a URL has that had others, if they differ.
func newCORS(fn function.ID, alias string, was, is CORS) []string {
	all := differences(was, is)
	switch {
	case len(all) == 0:
		return nil
	case is.IsZero():
		return []string{fmt.Sprintf("the function URL of %s:%s has no CORS settings any more", fn.Name, alias)}
	}
	return []string{fmt.Sprintf("the function URL of %s:%s has new CORS settings: %s", fn.Name, alias, strings.Join(all, "; "))}
}

func opened(fn function.ID, alias string) string {
	return fmt.Sprintf("everyone may call the function URL of %s:%s", fn.Name, alias)
}

func urlFailed(fn function.ID, alias string, err error) error {
	return fmt.Errorf("give %s:%s a function URL: %w", fn.Name, alias, err)
}

// AuthTypeError says that an alias has a function URL already, with another AuthType.
type AuthTypeError struct {
	Function    function.ID
	Alias       string
	Region      string
	Has, Wanted string
}

func (e *AuthTypeError) Error() string {
	return fmt.Sprintf("give %s:%s a function URL with AuthType %s: it has one with AuthType %s", e.Function.Name, e.Alias, e.Wanted, e.Has)
}

// Hint says how to go on.
func (e *AuthTypeError) Hint() string {
	answers := "iam"
	if e.Has == awsapi.URLPublic {
		answers = "public"
	}
	const call = "aws lambda %s --function-name %s --qualifier %s --region %s"
	text := fmt.Sprintf("Set `function-url: %s` to leave it so. To change it and keep its address, run `"+call+" --auth-type %s`, and this job again.",
		answers, "update-function-url-config", e.Function.Given, e.Alias, e.Region, e.Wanted)
	if e.Has == awsapi.URLPublic {
		text += fmt.Sprintf(" Then also remove the statements that allow everyone to call it: `"+call+"` shows them, and `aws lambda remove-permission` removes each.",
			"get-policy", e.Function.Given, e.Alias, e.Region)
	}
	return text
}
