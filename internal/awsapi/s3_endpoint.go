package awsapi

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// s3Endpoint is where the S3 of a region is called.
type s3Endpoint struct {
	custom string // a URL; "": AWS's own
	host   string // AWS's own
}

// s3Endpoint is that of the session's region, as the environment and the profile
// choose it.
func (s *session) s3Endpoint() s3Endpoint {
	if custom := s.endpoint("S3"); custom != nil {
		return s3Endpoint{custom: *custom}
	}
	ctx, sources := context.Background(), s.cfg.ConfigSources
	if !configured(ctx, sources, ignoreSource.GetIgnoreConfiguredEndpoints) {
		custom := configured(ctx, sources, func(p endpointSource, ctx context.Context) (string, bool, error) {
			return p.GetServiceBaseEndpoint(ctx, "S3")
		})
		if custom != "" {
			return s3Endpoint{custom: custom}
		}
	}
	dualStack := configured(ctx, sources, dualStackSource.GetUseDualStackEndpoint) == aws.DualStackEndpointStateEnabled
	fips := configured(ctx, sources, fipsSource.GetUseFIPSEndpoint) == aws.FIPSEndpointStateEnabled
	return s3Endpoint{host: s3Host(s.cfg.Region, dualStack, fips)}
}

// What the SDK's sources of configuration, the environment and the profile, may have.
type (
	ignoreSource interface {
		GetIgnoreConfiguredEndpoints(ctx context.Context) (bool, bool, error)
	}
	endpointSource interface {
		GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
	}
	dualStackSource interface {
		GetUseDualStackEndpoint(ctx context.Context) (aws.DualStackEndpointState, bool, error)
	}
	fipsSource interface {
		GetUseFIPSEndpoint(ctx context.Context) (aws.FIPSEndpointState, bool, error)
	}
)

// configured is the value of the first source that has one.
func configured[Source, Value any](ctx context.Context, sources []any, get func(Source, context.Context) (Value, bool, error)) Value {
	for _, source := range sources {
		if s, ok := source.(Source); ok {
			if value, found, err := get(s, ctx); err == nil && found {
				return value
			}
		}
	}
	var none Value
	return none
}

// s3Host is the name of S3's endpoint in a region.
// https://docs.aws.amazon.com/general/latest/gr/s3.html
func s3Host(region string, dualStack, fips bool) string {
	host := "s3"
	if fips {
		host += "-fips"
	}
	if dualStack {
		host += ".dualstack"
	}
	return host + "." + region + "." + domainOf(region)
}

// domains are those of the partitions whose regions begin so.
// https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
var domains = []struct{ prefix, domain string }{
	{"cn-", "amazonaws.com.cn"},
	{"eusc-", "amazonaws.eu"},
	{"us-iso-", "c2s.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov"},
	{"eu-isoe-", "cloud.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov"},
	{"eu-isof-", "csp.hci.ic.gov"},
}

func domainOf(region string) string {
	for _, d := range domains {
		if strings.HasPrefix(region, d.prefix) {
			return d.domain
		}
	}
	return "amazonaws.com"
}

// hostLabel matches the name of a bucket that AWS's certificates cover in front of a
// host: one with dots is not among them.
var hostLabel = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// url is that of an object, or with key "" of the bucket. The bucket is in the host,
// or in the path if its name cannot be in a host, or if the endpoint is not AWS's own:
// that may have no name for each bucket. The AWS CLI does the same.
func (e s3Endpoint) url(bucket, key string) *url.URL {
	u := &url.URL{Scheme: "https", Host: e.host}
	path := "/" + key
	switch {
	case e.custom != "":
		if custom, err := url.Parse(e.custom); err == nil {
			u.Scheme, u.Host = custom.Scheme, custom.Host
			path = strings.TrimSuffix(custom.Path, "/") + "/" + bucket + path
		}
	case hostLabel.MatchString(bucket):
		u.Host = bucket + "." + e.host
	default:
		path = "/" + bucket + path
	}
	if key == "" && path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	u.Path, u.RawPath = path, httpbinding.EscapePath(path, false)
	return u
}
