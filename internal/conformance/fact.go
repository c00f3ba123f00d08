package conformance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// fact is a behaviour of AWS and how it is observed.
type fact struct {
	what    string
	want    string // as recorded
	observe func(context.Context, *subject) (string, error)
}

// Observation is what an account did, and what was recorded.
type Observation struct {
	What, Recorded, Observed string
}

// Differs reports whether the account behaved differently.
func (o Observation) Differs() bool { return o.Observed != o.Recorded }

// denials are the errors that are no behaviour of the account's functions: credentials
// are missing or wrong.
var denials = []string{"AccessDenied", "AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"}

// Observe makes all observations on a function of this name, which it creates and
// removes.
func (a *Account) Observe(ctx context.Context, name string) (all []Observation, err error) {
	s := &subject{Account: a, name: name}
	defer func() { err = errors.Join(err, a.Remove(ctx, name)) }()
	for _, f := range facts {
		observed, err := f.observe(ctx, s)
		if answer, ok := refusal(err); ok {
			observed = answer
		} else if err != nil {
			return all, fmt.Errorf("observe %q: %w", f.what, err)
		}
		all = append(all, Observation{f.what, f.want, s.neutral(observed)})
	}
	return all, nil
}

// Differences renders the observations that differ as a table in Markdown.
func Differences(all []Observation) string {
	var rows strings.Builder
	n := 0
	for _, o := range all {
		if o.Differs() {
			n++
			fmt.Fprintf(&rows, "| %s | %s | %s |\n", cell(o.What), cell(o.Recorded), cell(o.Observed))
		}
	}
	if n == 0 {
		return fmt.Sprintf("All %d observations are as recorded.\n", len(all))
	}
	return fmt.Sprintf("%d of %d observations differ from what was recorded:\n\n| Behaviour | Recorded | This account |\n|---|---|---|\n%s", n, len(all), &rows)
}

// cell escapes what would end a cell of a table, or begin other Markdown in it.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`, "$", "&#36;", "<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "`", "\\`", "@", "&#64;").Replace(text)
}

// subject is the function that the observations are made on.
type subject struct {
	*Account

	name     string
	sha      string // of its code
	revision string // of $LATEST, when it was last read
}

var functionARN = regexp.MustCompile(`arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:` + Prefix + `[a-z0-9-]+`)

// neutral replaces what is different in every account.
func (s *subject) neutral(text string) string {
	if s.sha != "" {
		text = strings.ReplaceAll(text, s.sha, "SHA256")
	}
	return strings.ReplaceAll(functionARN.ReplaceAllString(text, "ARN"), s.name, "NAME")
}

// apiError returns the error of AWS that an error is, or nil.
func apiError(err error) smithy.APIError {
	var refused smithy.APIError
	errors.As(err, &refused)
	return refused
}

// refusal renders an error that an account answered as its status, code and message.
func refusal(err error) (text string, ok bool) {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) {
		return "", false
	}
	refused := apiError(err)
	switch {
	case refused == nil:
		return fmt.Sprintf("%d, not an answer of AWS", response.HTTPStatusCode()), true
	case slices.Contains(denials, refused.ErrorCode()):
		return "", false
	case refused.ErrorCode() == "ValidationException": // quotes the pattern, which AWS changes at times
		return fmt.Sprintf("%d %s", response.HTTPStatusCode(), refused.ErrorCode()), true
	}
	return fmt.Sprintf("%d %s: %s", response.HTTPStatusCode(), refused.ErrorCode(), refused.ErrorMessage()), true
}

// another describes a RevisionId beside the one that was read last, and remembers it.
func (s *subject) another(revision *string) string {
	before := s.revision
	s.revision = aws.ToString(revision)
	if s.revision == before {
		return "the same RevisionId"
	}
	return "another RevisionId"
}

// latest reads $LATEST.
func (s *subject) latest(ctx context.Context) (*types.FunctionConfiguration, error) {
	out, err := s.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &s.name})
	if err != nil {
		return nil, err
	}
	return out.Configuration, nil
}

// publish publishes a version with what in names beside the function.
func (s *subject) publish(ctx context.Context, in lambda.PublishVersionInput) (string, error) {
	in.FunctionName = &s.name
	out, err := s.lambda.PublishVersion(ctx, &in)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("version %s, %s, %s, description %q, %s", aws.ToString(out.Version), out.State, out.LastUpdateStatus, aws.ToString(out.Description), aws.ToString(out.FunctionArn)), nil
}

// createAlias creates an alias.
func (s *subject) createAlias(ctx context.Context, name, version, description string) (string, error) {
	out, err := s.lambda.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &s.name, Name: &name, FunctionVersion: &version, Description: &description})
	if err != nil {
		return "", err
	}
	return position(out.FunctionVersion, out.RoutingConfig), nil
}

// updateAlias updates the alias prod, or another that in names.
func (s *subject) updateAlias(ctx context.Context, in lambda.UpdateAliasInput) (string, error) {
	in.FunctionName = &s.name
	if in.Name == nil {
		in.Name = aws.String("prod")
	}
	out, err := s.lambda.UpdateAlias(ctx, &in)
	if err != nil {
		return "", err
	}
	return position(out.FunctionVersion, out.RoutingConfig), nil
}

// position renders where an alias points to.
func position(version *string, routing *types.AliasRoutingConfiguration) string {
	text := "version " + aws.ToString(version)
	if routing == nil {
		return text + ", no RoutingConfig"
	}
	return fmt.Sprintf("%s, weights %v", text, routing.AdditionalVersionWeights)
}

// weights returns the routing of an alias with these weights.
func weights(by map[string]float64) *types.AliasRoutingConfiguration {
	return &types.AliasRoutingConfiguration{AdditionalVersionWeights: by}
}

// permit lets API Gateway invoke a version or alias.
func (s *subject) permit(ctx context.Context, qualifier string) (string, error) {
	_, err := s.lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &s.name, Qualifier: &qualifier, StatementId: aws.String("check"),
		Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
	})
	return "no error", err
}
