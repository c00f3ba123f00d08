package awsapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"lambda-release/internal/function"
)

// Package is the code of $LATEST, as AWS hands it out.
type Package struct {
	URL      string        // of a zip, for ten minutes; "" for an image
	ImageURI string        // with its digest; "" for a zip
	Latest   Configuration // $LATEST, whose code it is
}

// PackageOf reads where the code of $LATEST is.
func (c *Client) PackageOf(ctx context.Context, fn function.ID) (Package, error) {
	out, err := call(ctx, c, target{Action: getFunction, fn: fn}, c.lambda.GetFunction, &lambda.GetFunctionInput{FunctionName: &fn.Given},
		func(out *lambda.GetFunctionOutput) bool {
			return out.Code != nil && out.Configuration != nil && aws.ToString(out.Configuration.Version) != ""
		})
	if err != nil {
		return Package{}, err
	}
	p := Package{Latest: configurationFrom(out.Configuration), ImageURI: aws.ToString(out.Code.ResolvedImageUri)}
	if p.ImageURI == "" {
		p.URL = aws.ToString(out.Code.Location)
	}
	return p, nil
}

// Download writes a zip that AWS hands out to w. The error is nil only if that is the
// code of p.Latest.
func (c *Client) Download(ctx context.Context, p Package, w io.Writer) error {
	const doing = "download the code of $LATEST"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, nil)
	if err != nil {
		return errors.New(doing + ": AWS gave no valid address") // which would be a secret
	}
	res, err := c.cfg.HTTPClient.Do(req)
	if err != nil {
		return Interrupted(doing, fmt.Errorf("%s: %w", doing, withoutURL(err)))
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s answered %s", doing, req.URL.Host, res.Status)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), res.Body); err != nil {
		return Interrupted(doing, fmt.Errorf("%s: %w", doing, err))
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != p.Latest.CodeSHA256 {
		return fmt.Errorf("%s: AWS has given other code, %.12s… for %.12s…", doing, got, p.Latest.CodeSHA256)
	}
	return nil
}

// withoutURL is the cause of an error of the network: the address is a secret.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
