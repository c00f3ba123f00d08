package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Mapping is an event source mapping: Lambda reads a source, such as a queue, and
// invokes a function, an alias or a version.
type Mapping struct {
	UUID        string
	Source      string // ARN; "" for a self-managed source
	FunctionARN string // with the qualifier, if it has one
	State       string // Enabled, Disabled, Creating, Deleting and others
}

// mappingsOfAll is what a list of all event source mappings is about: IAM knows no
// resource for it, and it is of no function.
var mappingsOfAll = target{Action: listEventSourceMappings}

// Mappings reads all event source mappings of the account and region, 100 a call. The
// operation can filter by a function, but how that treats qualifiers is not documented.
func (c *Client) Mappings(ctx context.Context) ([]Mapping, error) {
	return pages(ctx, c, mappingsOfAll, func(marker *string) ([]Mapping, *string, error) {
		out, err := call(ctx, c, mappingsOfAll, c.lambda.ListEventSourceMappings, &lambda.ListEventSourceMappingsInput{Marker: marker},
			func(out *lambda.ListEventSourceMappingsOutput) bool { return out.EventSourceMappings != nil })
		if err != nil {
			return nil, nil, err
		}
		var page []Mapping
		for _, m := range out.EventSourceMappings {
			page = append(page, Mapping{aws.ToString(m.UUID), aws.ToString(m.EventSourceArn), aws.ToString(m.FunctionArn), aws.ToString(m.State)})
		}
		return page, out.NextMarker, nil
	})
}
