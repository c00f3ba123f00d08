package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	in := &lambda.UpdateFunctionConfigurationInput{}
	if err := setInput(in, settings); err != nil {
		return Configuration{}, err
	}
	in.FunctionName, in.RevisionId = &fn.Given, &revision
	out, err := mutate(ctx, c, onFunction("UpdateFunctionConfiguration", fn, ""), c.lambda.UpdateFunctionConfiguration, in,
		func(out *lambda.UpdateFunctionConfigurationOutput) bool { return aws.ToString(out.CodeSha256) != "" })
	if err != nil {
		return Configuration{}, concealing(err, settings)
	}
	return configurationOf(out), nil
}

// setInput puts the settings into an input of the SDK's, whose fields are named as in the
// API.
func setInput(in any, settings configuration.Configuration) error {
	d := json.NewDecoder(bytes.NewReader(settings.JSON()))
	d.DisallowUnknownFields()
	return d.Decode(in)
}

// concealing is the error of a call with these settings: AWS may repeat the values of
// their variables.
func concealing(err error, settings configuration.Configuration) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	for _, value := range settings.Variables() {
		e.secrets = append(e.secrets, value)
	}
	slices.SortFunc(e.secrets, func(a, b string) int { return len(b) - len(a) })
	return err
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
