// Package awsapi is the seam to AWS: everything that leaves the program for
// AWS goes through here. It opens the session, makes all calls share one rate,
// retries what may be retried, finishes a mutation that was begun, waits, and
// turns what AWS answers into typed errors with hints.
package awsapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

const (
	// maxResponseTime is how long a server may take to begin its answer. The
	// SDK has no such limit: a hung connection would hang the job.
	maxResponseTime = 20 * time.Second
	// connectTime is how long a connection may take to be made.
	connectTime = 5 * time.Second
	// credentialsTime bounds the search for credentials: off AWS the last
	// place that is asked, the instance metadata, may never answer.
	credentialsTime = 10 * time.Second
	// idleConnections is how many open connections a batch keeps for reuse.
	idleConnections = 64
)

// Options says which AWS to talk to.
type Options struct {
	// Region to call; "" takes AWS_REGION, AWS_DEFAULT_REGION or the profile's.
	Region string
	// Getenv is asked for the region, static credentials and endpoint. Other
	// sources of credentials (profile, container, instance) are the SDK's own
	// and read the process's environment.
	Getenv func(string) string
	// Timeout is the whole job's; a single answer may take a third of it, and
	// 20 seconds at most, so that one hung call can be tried again.
	Timeout time.Duration
	// Rate is the control-plane calls a second, AWS's 15 by default.
	Rate float64
	// Version is ours, for the user agent.
	Version string
	// Clock defaults to the real one.
	Clock Clock
}

// Client calls AWS. It is safe for concurrent use; all calls of one Client
// share its rate.
type Client struct {
	Region string

	clock  Clock
	lambda *lambda.Client
}

// Open reads configuration and credentials once, up front, so that what is
// missing there is said before anything is called.
func Open(ctx context.Context, o Options) (*Client, error) {
	if o.Clock == nil {
		o.Clock = RealClock{}
	}
	region := first(o.Region, o.Getenv("AWS_REGION"), o.Getenv("AWS_DEFAULT_REGION"))
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(o.Timeout)),
		config.WithAppID("lambda-release-" + o.Version),
	}
	if region != "" {
		load = append(load, config.WithRegion(region))
	}
	if id, secret := o.Getenv("AWS_ACCESS_KEY_ID"), o.Getenv("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		static := credentials.NewStaticCredentialsProvider(id, secret, o.Getenv("AWS_SESSION_TOKEN"))
		load = append(load, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, &Error{Op: "LoadConfig", Kind: NoCredentials, Err: err}
	}
	if cfg.Region == "" {
		return nil, &Error{Op: "LoadConfig", Kind: NoRegion, Err: fmt.Errorf("no AWS region is set")}
	}
	findCtx, cancel := context.WithTimeout(ctx, credentialsTime)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(findCtx); err != nil {
		return nil, &Error{Op: "RetrieveCredentials", Region: cfg.Region, Kind: NoCredentials, Err: err}
	}
	r := newRetryer(o.Rate)
	return &Client{
		Region: cfg.Region,
		clock:  o.Clock,
		lambda: lambda.NewFromConfig(cfg, func(lo *lambda.Options) {
			lo.Retryer = r
			lo.RetryMaxAttempts = 0 // the retryer decides
			if endpoint := first(o.Getenv("AWS_ENDPOINT_URL_LAMBDA"), o.Getenv("AWS_ENDPOINT_URL")); endpoint != "" {
				lo.BaseEndpoint = aws.String(endpoint)
			}
		}),
	}, nil
}

// httpClient is the SDK's own, since only that one takes AWS_CA_BUNDLE.
func httpClient(timeout time.Duration) *awshttp.BuildableClient {
	wait := maxResponseTime
	if timeout > 0 {
		wait = min(wait, timeout/3)
	}
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = min(connectTime, wait) }).
		WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = wait
			t.MaxIdleConnsPerHost = idleConnections
		})
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
