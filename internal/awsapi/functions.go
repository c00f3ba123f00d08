package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

var functionsOfAll = target{Action: listFunctions}

// Functions reads $LATEST of all functions of the account and region, 50 a call. They
// have no State.
func (c *Client) Functions(ctx context.Context) ([]Configuration, error) {
	return pages(ctx, c, functionsOfAll, func(marker *string) ([]Configuration, *string, error) {
		out, err := call(ctx, c, functionsOfAll, c.lambda.ListFunctions, &lambda.ListFunctionsInput{Marker: marker},
			func(out *lambda.ListFunctionsOutput) bool { return out.Functions != nil })
		if err != nil {
			return nil, nil, err
		}
		var page []Configuration
		for i := range out.Functions {
			page = append(page, configurationFrom(&out.Functions[i]))
		}
		return page, out.NextMarker, nil
	})
}
