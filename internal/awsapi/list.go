package awsapi

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// Aliases reads all aliases of a function.
func (c *Client) Aliases(ctx context.Context, fn function.ID) ([]Alias, error) {
	t := onFunction("ListAliases", fn, "")
	return pages(ctx, c, t, func(marker *string) (page []Alias, next *string, err error) {
		out, err := insist(ctx, func() (*lambda.ListAliasesOutput, error) {
			return call(ctx, c, t, c.lambda.ListAliases,
				&lambda.ListAliasesInput{FunctionName: &fn.Given, Marker: marker}, areAliases)
		})
		if err != nil {
			return nil, nil, err
		}
		for _, a := range out.Aliases {
			page = append(page, alias(a.Name, a.AliasArn, a.FunctionVersion, a.Description, a.RevisionId, a.RoutingConfig))
		}
		return page, out.NextMarker, nil
	})
}

// areAliases reports whether a page of aliases is complete: a list that is empty
// is not absent.
func areAliases(out *lambda.ListAliasesOutput) bool {
	return out.Aliases != nil && !slices.ContainsFunc(out.Aliases, func(a types.AliasConfiguration) bool {
		return !isAlias(a.Name, a.FunctionVersion, a.RevisionId)
	})
}

// Versions yields the published versions of a function, those with a number, 50 a
// call and oldest first as AWS lists them. They have no State (fact V12). An error
// ends the sequence.
func (c *Client) Versions(ctx context.Context, fn function.ID) iter.Seq2[Configuration, error] {
	t := onFunction("ListVersionsByFunction", fn, "")
	read := func(marker *string) ([]types.FunctionConfiguration, *string, error) {
		out, err := insist(ctx, func() (*lambda.ListVersionsByFunctionOutput, error) {
			return call(ctx, c, t, c.lambda.ListVersionsByFunction,
				&lambda.ListVersionsByFunctionInput{FunctionName: &fn.Given, Marker: marker},
				func(out *lambda.ListVersionsByFunctionOutput) bool { return out.Versions != nil })
		})
		if err != nil {
			return nil, nil, err
		}
		return out.Versions, out.NextMarker, nil
	}
	return func(yield func(Configuration, error) bool) {
		for page, err := range eachPage(ctx, c, t, read) {
			if err != nil {
				yield(Configuration{}, err)
				return
			}
			for i := range page {
				if v := configurationFrom(&page[i]); isNumber(v.Version) && !yield(v, nil) {
					return
				}
			}
		}
	}
}

// DeleteVersion deletes one published version; deleting one that does not exist
// succeeds. A version that an alias refers to is an error of kind Conflict.
func (c *Client) DeleteVersion(ctx context.Context, fn function.ID, version string) error {
	if !isNumber(version) {
		// Without a number DeleteFunction deletes the function.
		return fmt.Errorf("delete version %q of %s: not a version number", version, fn.Given)
	}
	_, err := mutate(ctx, c, onFunction("DeleteFunction", fn, version), c.lambda.DeleteFunction,
		&lambda.DeleteFunctionInput{FunctionName: &fn.Given, Qualifier: &version},
		func(out *lambda.DeleteFunctionOutput) bool { return noPage(out.ResultMetadata) })
	if gone(ctx, err, func(ctx context.Context) error { _, err := c.Configuration(ctx, fn, version); return err }) {
		return nil
	}
	return err
}
