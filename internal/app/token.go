package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/ci"
	"lambda-release/internal/input"
)

// tokenOf obtains an OIDC token of the job: the one in the file that the inputs name, or
// one for the audience from the CI system. Its errors are *awsapi.TokenError.
func tokenOf(ctx context.Context, in input.Input, system ci.System, audience string) (string, error) {
	if in.TokenFile != "" {
		return tokenIn(in.TokenFile)
	}
	token, err := system.Token(ctx, audience)
	switch advice := system.Advice(); {
	case err == nil:
		return token, nil
	case errors.Is(err, ci.ErrNoToken):
		return "", &awsapi.TokenError{Err: err, Advice: advice.NoToken, Final: true}
	default:
		return "", &awsapi.TokenError{
			Err: err, Advice: strings.TrimSpace("The service that issues the tokens has failed, not AWS. Run the job again. " + advice.TokenFailed),
		}
	}
}

// checkAudience refuses an audience that the tokens of the system do not get.
func checkAudience(in input.Input, system ci.System) error {
	if in.Audience == "" || in.TokenFile != "" {
		return nil
	}
	p := input.Problem{Input: "audience", Value: in.Audience, Allowed: "leave audience empty"}
	switch variable, fixed := system.OnlyToken(), system.Audience(); {
	case variable != "":
		p.What = fmt.Sprintf("the only token of the job, in %s, has the audience that is set where the job is defined", variable)
	case fixed != "":
		p.What = fmt.Sprintf("all tokens of %s have the audience %s", system.Name(), fixed)
	default:
		return nil
	}
	return p
}

// maxToken is the longest token that STS takes.
const maxToken = 20000

// webToken matches a JSON Web Token.
var webToken = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)

// byteOrderMark begins a file that some editors and shells of Windows have written.
var byteOrderMark = []byte("\uFEFF")

// tokenIn is the token in a file. A file that is empty may be just being written.
func tokenIn(path string) (string, error) {
	const advice = "Write the OIDC token of the job to the file in `web-identity-token-file`, and nothing else, before this step."
	b, err := os.ReadFile(path)
	if err != nil {
		return "", &awsapi.TokenError{Err: fmt.Errorf("read web-identity-token-file: %w", err), Advice: advice, Final: true}
	}
	token := bytes.TrimSpace(bytes.TrimPrefix(b, byteOrderMark))
	switch {
	case len(token) == 0:
		return "", &awsapi.TokenError{Err: fmt.Errorf("web-identity-token-file %s is empty", path), Advice: advice}
	case len(token) > maxToken || !webToken.Match(token):
		return "", &awsapi.TokenError{Err: fmt.Errorf("web-identity-token-file %s has no OIDC token", path), Advice: advice + " It is ASCII or UTF-8.", Final: true}
	}
	return string(token), nil
}
