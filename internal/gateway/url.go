package gateway

import (
	"context"
	"fmt"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// URL is the function URL that an alias is to have. The zero URL is none in
// particular: it stays as it is.
type URL struct {
	AuthType string // awsapi.URLPublic or awsapi.URLIAM
}

// IsZero reports whether an alias's URL stays as it is.
func (u URL) IsZero() bool { return u == URL{} }

// AuthTypes are those of a URL by the words of inputs: whom it answers.
func AuthTypes() map[string]string {
	return map[string]string{"iam": awsapi.URLIAM, "public": awsapi.URLPublic}
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
	case url.Auth != want.AuthType:
		return url, &AuthTypeError{Function: fn, Alias: alias, Region: aws.Region, Has: url.Auth, Wanted: want.AuthType}
	}
	return url, nil
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
		changes = append(changes, fmt.Sprintf("%s:%s has a function URL with AuthType %s", fn.Name, alias, want.AuthType))
	}
	return changes, nil
}

// OpenURL gives an alias its function URL and, if that is public, allows everyone to
// call it. The alias must exist; before is its URL as it was read before, zero for
// none. The permissions come first: they allow nothing without the URL, and it never
// refuses callers. The changes are returned as by Allow.
func OpenURL(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, want URL, before awsapi.URL, report func(string)) (awsapi.URL, []string, error) {
	var changed []string
	did := func(what string) {
		changed = append(changed, what)
		report(what)
	}
	if want.AuthType == awsapi.URLPublic {
		taken, err := allow(ctx, aws, fn, alias, publicLeft)
		if err != nil {
			return before, nil, urlFailed(fn, alias, err)
		}
		if len(taken) > 0 {
			did(opened(fn, alias))
		}
	}
	if before.Address != "" { // another run may have deleted it since
		url, err := ReadURL(ctx, aws, fn, alias, want)
		if err != nil || url.Address != "" {
			return url, changed, err
		}
	}
	url, created, err := createURL(ctx, aws, fn, alias, want)
	if created {
		did(fmt.Sprintf("%s:%s has the function URL %s", fn.Name, alias, url.Address))
	}
	return url, changed, err
}

// createURL creates the URL of an alias, or finds that it has one. AWS may not know
// the alias yet, or be at work on it: that is waited out for as long as ctx allows, and
// the alias exists.
func createURL(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, want URL) (url awsapi.URL, created bool, err error) {
	pace := aws.PaceFor(fn, alias)
	var last error
	for {
		url, err := aws.CreateURL(ctx, fn, alias, want.AuthType)
		calls := 1
		switch {
		case err == nil:
			return url, true, nil
		case !mayPass(err), ambiguous(err) && ambiguous(last):
			return awsapi.URL{}, false, urlFailed(fn, alias, err)
		case awsapi.Is(err, awsapi.NotFound):
		default:
			calls++
			url, readErr := rereadURL(ctx, aws, fn, alias, want)
			if readErr != nil || url.Address != "" {
				return url, readErr == nil && ambiguous(err), readErr
			}
		}
		last = err
		if ended := pace.Wait(ctx, calls, err); ended != nil {
			return awsapi.URL{}, false, urlFailed(fn, alias, ended)
		}
	}
}

// rereadURL is ReadURL after a write, also if ctx has ended meanwhile.
func rereadURL(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, want URL) (awsapi.URL, error) {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	return ReadURL(ctx, aws, fn, alias, want)
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
	text := fmt.Sprintf("Set `function-url: %s` to keep that URL. To change it, delete it with `"+call+"`: the next release creates one with another address.",
		answers, "delete-function-url-config", e.Function.Given, e.Alias, e.Region)
	if e.Has == awsapi.URLPublic {
		text += fmt.Sprintf(" Also remove the statements that allow everyone to call it: `"+call+"` shows them, and `aws lambda remove-permission` removes each.",
			"get-policy", e.Function.Given, e.Alias, e.Region)
	}
	return text
}
