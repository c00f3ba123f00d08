package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Account is the account of the credentials. The call needs no permission.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (c *Client) Account(ctx context.Context) (string, error) {
	out, err := call(ctx, c, target{Action: getCallerIdentity}, c.newSTS(c.cfg.Credentials).GetCallerIdentity, &sts.GetCallerIdentityInput{},
		func(out *sts.GetCallerIdentityOutput) bool { return aws.ToString(out.Account) != "" })
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Account), nil
}
