package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sethvargo/go-githubactions"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/input"
)

// tokens are where the job gets its OIDC tokens.
type tokens struct {
	// issue obtains a token for an audience. Its errors are *awsapi.TokenError.
	issue   func(ctx context.Context, audience string) (string, error)
	onlyOne bool // it is always the same one, for an audience of its own
}

func tokensOf(in input.Input, getenv func(string) string) tokens {
	if in.TokenFile != "" {
		return tokens{issue: func(context.Context, string) (string, error) { return tokenIn(in.TokenFile) }}
	}
	return tokens{issue: gitHubTokens(getenv)}
}

// gitHubTokens are the tokens of a job of GitHub Actions.
// https://docs.github.com/en/actions/reference/security/oidc
func gitHubTokens(getenv func(string) string) func(context.Context, string) (string, error) {
	actions := githubactions.New(githubactions.WithGetenv(getenv))
	return func(ctx context.Context, audience string) (string, error) {
		token, err := actions.GetIDToken(ctx, audience)
		if err == nil {
			return token, nil
		}
		if _, missing := errors.AsType[*githubactions.EnvMissingError](err); missing {
			return "", &awsapi.TokenError{
				Err: fmt.Errorf("the job gets no OIDC token: %w", err), Final: true,
				Advice: "Give the job `permissions: id-token: write` (and `contents: read`, since all permissions that are not listed are then none); the caller of a reusable workflow must give it, too. " +
					"A pull request from a fork never gets a token. Outside GitHub Actions set `web-identity-token-file`, or leave `role-to-assume` empty: the environment's credentials are used.",
			}
		}
		return "", &awsapi.TokenError{
			Err:    err,
			Advice: "The service that issues the tokens has failed, not AWS. Run the job again; see https://www.githubstatus.com for known incidents.",
		}
	}
}

// maxToken is the longest token that STS takes.
const maxToken = 20000

// tokenIn is the token in a file. A file that is empty may be just being written.
func tokenIn(path string) (string, error) {
	const advice = "Write the OIDC token of the job to the file in `web-identity-token-file`, and nothing else, before this step."
	b, err := os.ReadFile(path)
	if err != nil {
		return "", &awsapi.TokenError{Err: fmt.Errorf("read web-identity-token-file: %w", err), Advice: advice, Final: true}
	}
	token := bytes.TrimSpace(b)
	switch {
	case len(token) == 0:
		return "", &awsapi.TokenError{Err: fmt.Errorf("web-identity-token-file %s is empty", path), Advice: advice}
	case len(token) > maxToken || bytes.Count(token, []byte(".")) != 2:
		return "", &awsapi.TokenError{Err: fmt.Errorf("web-identity-token-file %s has no OIDC token", path), Advice: advice, Final: true}
	}
	return string(token), nil
}
