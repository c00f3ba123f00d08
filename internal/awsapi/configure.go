package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
)

// Configure writes settings to $LATEST, provided that it still is at revision;
// otherwise the error is of kind Stale. Settings that are not given stay as they are.
// LastUpdate is InProgress until the function has taken them over.
func (c *Client) Configure(ctx context.Context, fn function.ID, settings configuration.Configuration, revision string) (Configuration, error) {
	in, err := inputOf(settings)
	if err != nil {
		return Configuration{}, err
	}
	in.FunctionName, in.RevisionId = &fn.Given, &revision
	out, err := mutate(ctx, c, onFunction("UpdateFunctionConfiguration", fn, ""), c.lambda.UpdateFunctionConfiguration, in,
		func(out *lambda.UpdateFunctionConfigurationOutput) bool { return aws.ToString(out.CodeSha256) != "" })
	if e, ok := err.(*Error); ok { //nolint:errorlint // it is of this call
		for _, value := range settings.Variables() {
			e.secrets = append(e.secrets, value)
		}
		slices.SortFunc(e.secrets, func(a, b string) int { return len(b) - len(a) })
	}
	if err != nil {
		return Configuration{}, err
	}
	return configurationOf(out), nil
}

// inputOf has the settings in the SDK's type, whose fields are named as in the API.
func inputOf(settings configuration.Configuration) (*lambda.UpdateFunctionConfigurationInput, error) {
	in := &lambda.UpdateFunctionConfigurationInput{}
	d := json.NewDecoder(bytes.NewReader(settings.JSON()))
	d.DisallowUnknownFields()
	return in, d.Decode(in)
}

// minSecret is how many characters a value has that is not a part of other words by
// chance.
const minSecret = 4

// conceal removes the values of environment variables from a message of AWS's. If there
// are too many, AWS repeats them all, as JSON at the end.
func conceal(message string, secrets []string) string {
	if len(secrets) == 0 {
		return message
	}
	if before, _, found := strings.Cut(message, "String measured:"); found {
		message = strings.TrimSpace(before)
	}
	for _, s := range secrets {
		if len(s) >= minSecret {
			message = strings.ReplaceAll(message, s, "…")
		}
	}
	return message
}
