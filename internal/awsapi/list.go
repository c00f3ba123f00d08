package awsapi

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"lambda-release/internal/function"
)

// Aliases reads all aliases of a function.
func (c *Client) Aliases(ctx context.Context, fn function.ID) ([]Alias, error) {
	var all []Alias
	in := &lambda.ListAliasesInput{FunctionName: &fn.Given}
	for {
		out, err := call(ctx, c, onFunction("ListAliases", fn, ""), c.lambda.ListAliases, in)
		if err != nil {
			return nil, err
		}
		for _, a := range out.Aliases {
			all = append(all, alias(a.Name, a.AliasArn, a.FunctionVersion, a.Description, a.RevisionId, a.RoutingConfig))
		}
		if aws.ToString(out.NextMarker) == "" {
			return all, nil
		}
		in.Marker = out.NextMarker
	}
}

// Versions yields the published versions of a function, without $LATEST, 50 a
// call and oldest first as AWS lists them. They have no State (fact V12). An error
// ends the sequence.
func (c *Client) Versions(ctx context.Context, fn function.ID) iter.Seq2[Configuration, error] {
	return func(yield func(Configuration, error) bool) {
		in := &lambda.ListVersionsByFunctionInput{FunctionName: &fn.Given}
		for {
			out, err := call(ctx, c, onFunction("ListVersionsByFunction", fn, ""), c.lambda.ListVersionsByFunction, in)
			if err != nil {
				yield(Configuration{}, err)
				return
			}
			for i := range out.Versions {
				v := configuration(&out.Versions[i])
				if v.Version != "$LATEST" && !yield(v, nil) {
					return
				}
			}
			if aws.ToString(out.NextMarker) == "" {
				return
			}
			in.Marker = out.NextMarker
		}
	}
}

// DeleteVersion deletes one published version; deleting one that does not exist
// succeeds. A version that an alias refers to is an error of kind Conflict.
func (c *Client) DeleteVersion(ctx context.Context, fn function.ID, version string) error {
	if _, err := strconv.ParseUint(version, 10, 64); err != nil {
		// Without a number DeleteFunction deletes the function.
		return fmt.Errorf("delete version %q of %s: not a version number", version, fn.Given)
	}
	_, err := mutate(ctx, c, onFunction("DeleteFunction", fn, version), c.lambda.DeleteFunction,
		&lambda.DeleteFunctionInput{FunctionName: &fn.Given, Qualifier: &version})
	return err
}
