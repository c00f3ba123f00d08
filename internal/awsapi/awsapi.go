// Package awsapi is the AWS client: the only package that calls AWS. It opens the
// session, makes all calls share one rate, retries what may be retried, finishes
// a mutation in flight when the job is cancelled, waits, and turns AWS's answers
// into typed errors with hints.
package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go/logging"
)

const (
	// maxResponseTime is how long a server may take to begin its answer. The
	// SDK has no such limit: a hung connection would hang the job.
	maxResponseTime = 20 * time.Second
	// connectTime is how long a connection may take to be made.
	connectTime = 5 * time.Second
	// keepAlive is the time between two probes of a connection on which an answer is
	// awaited: gateways drop one that is silent for minutes. AWS's NAT gateway does
	// after 350 seconds.
	// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-timeout
	keepAlive = 30 * time.Second
	// credentialsTime bounds the search for credentials: outside AWS its last
	// source, the instance metadata, may never answer.
	credentialsTime = 10 * time.Second
	// idleConnections is how many open connections a batch keeps for reuse.
	idleConnections = 64
)

// Options configures a session.
type Options struct {
	// Region to call; "" takes AWS_REGION, AWS_DEFAULT_REGION or the profile's.
	Region string
	// Getenv provides the region, static credentials and endpoint. Other sources
	// of credentials (profile, container, instance) are the SDK's and read the
	// process's environment.
	Getenv func(string) string
	// Timeout is the whole job's. A single answer may take a third of it, and at
	// most 20 seconds, so that a hung call can be retried.
	Timeout time.Duration
	// Rate is the control-plane calls a second, and those of GetPolicy; by default AWS's
	// limits of 15.
	Rate float64
	// Version of lambda-release, for the user agent.
	Version string
	// Dial makes the connections; nil is the network. Tests connect it to an AWS
	// in memory, so that time can be virtual.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Roles are assumed one after the other; nil takes the credentials of the
	// environment.
	Roles *Roles
	// CI is for the hints of errors; nil on a person's machine.
	CI *CI
}

// Client calls AWS. It is safe for concurrent use; all calls of one Client
// share its rate. A service that not every run needs gets its SDK client when
// it is first called.
type Client struct {
	Region string

	session
	lambda   *lambda.Client
	patient  func() *lambda.Client // for calls that take long: uploads, smoke tests
	tireless func() *lambda.Client // for those that take as long as a function may run

	cloudwatch func() *cloudwatch.Client
	codedeploy func() *codedeploy.Client
	gateways   func() gateways
	s3         func() *s3Client

	denied struct {
		sync.Mutex
		all []Denial
	}
	nothingPauses atomic.Bool // the region has no paused durable executions
}

// session is what the SDK clients of all services share.
type session struct {
	cfg     aws.Config
	retryer *retryer
	getenv  func(string) string
	timeout time.Duration
	ending  Ending
	place   place
}

// Open reads configuration and credentials once, before any call, so that missing
// ones are reported first.
func Open(ctx context.Context, o Options) (*Client, error) {
	region := first(o.Region, o.Getenv("AWS_REGION"), o.Getenv("AWS_DEFAULT_REGION"))
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(answerTime(o.Timeout), o.Dial)),
		config.WithAppID("lambda-release-" + o.Version),
		config.WithLogger(logging.Nop{}), // standard error is the program's
	}
	if region != "" {
		load = append(load, config.WithRegion(region))
	}
	s := session{retryer: newRetryer(o.Rate), getenv: o.Getenv, timeout: o.Timeout, place: placeOf(o.CI, o.Getenv)}
	if o.Roles != nil && o.Roles.Token != nil {
		load = append(load, config.WithCredentialsProvider(aws.AnonymousCredentials{})) // until the region is known
		if o.Roles.OnlyToken != "" {
			s.ending = endOfToken(*o.Roles)
		}
	} else if id, secret := o.Getenv("AWS_ACCESS_KEY_ID"), o.Getenv("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		token := o.Getenv("AWS_SESSION_TOKEN")
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, token)))
		if token != "" {
			s.ending = endOfSession
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, &Error{Action: Action{Op: "LoadConfig"}, Kind: NoCredentials, Err: err, place: s.place}
	}
	if cfg.Region == "" {
		return nil, &Error{Action: Action{Op: "LoadConfig"}, Kind: NoRegion, Err: fmt.Errorf("no AWS region is set"), place: s.place}
	}
	s.cfg = cfg
	if o.Roles == nil || o.Roles.Token == nil {
		if err := s.find(ctx, credentialsTime); err != nil {
			return nil, err
		}
	}
	if o.Roles != nil {
		last := s.assume(*o.Roles)
		s.cfg.Credentials = last
		if err := s.find(ctx, last.patience+assumeTime); err != nil { // it has its own timeout
			return nil, err
		}
	}
	return &Client{
		Region: cfg.Region, session: s, lambda: s.newLambda(), patient: sync.OnceValue(s.newPatient), tireless: sync.OnceValue(s.newTireless),
		cloudwatch: sync.OnceValue(s.newCloudWatch), codedeploy: sync.OnceValue(s.newCodeDeploy),
		gateways: sync.OnceValue(s.newGateways), s3: sync.OnceValue(s.newS3),
	}, nil
}

// find retrieves the credentials once, so that missing ones are reported first.
func (s *session) find(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := s.cfg.Credentials.Retrieve(ctx)
	if err == nil {
		return nil
	}
	if e := ofCredentials(err); e != nil {
		return e
	}
	return &Error{Action: retrieveCredentials, Region: s.cfg.Region, Kind: NoCredentials, Err: err, place: s.place}
}

// Ending is when credentials end that this run cannot renew. The zero Ending is never.
type Ending struct {
	After  time.Duration
	Remedy string // how to get credentials that last longer
}

// endOfSession is for a session in the environment, whose end is not known: most last an
// hour.
var endOfSession = Ending{time.Hour, "let the action assume the role itself with `role-to-assume`"}

// endOfToken is for roles of which the first can be assumed only once.
func endOfToken(r Roles) Ending {
	return Ending{cmp.Or(r.Duration, defaultSession), fmt.Sprintf("set a longer `role-duration-seconds`, as far as the role allows it, since the only token of the job, in %s, is valid for minutes", r.OnlyToken)}
}

// Ending is when the credentials end.
func (c *Client) Ending() Ending { return c.ending }

// endpoint is the endpoint of a service, nil for AWS's own; name is the service's
// in AWS_ENDPOINT_URL_name.
func (s *session) endpoint(name string) *string {
	return optional(first(s.getenv("AWS_ENDPOINT_URL_"+name), s.getenv("AWS_ENDPOINT_URL")))
}

// answerTime is how long a control-plane call may be without an answer.
func answerTime(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return maxResponseTime
	}
	return min(maxResponseTime, timeout/3)
}

// httpClient is the SDK's, since only that one supports AWS_CA_BUNDLE.
func httpClient(wait time.Duration, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = min(connectTime, wait)
			d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive}
		}).
		WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = wait
			t.MaxIdleConnsPerHost = idleConnections
			if dial != nil {
				t.DialContext = dial
			}
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
