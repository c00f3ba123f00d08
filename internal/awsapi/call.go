package awsapi

import (
	"context"
	"errors"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// unreadableAttempts is how often a call is made whose answers cannot be read.
	unreadableAttempts = 3
	unreadablePause    = 300 * time.Millisecond
)

// errIncomplete is why an answer cannot be read that the SDK could decode: to
// the SDK an empty body is an answer without any fields.
var errIncomplete = errors.New("it lacks what this call must return")

// mutate is call for calls that change something: see finish.
func mutate[In, Out, Opt any](
	ctx context.Context, c *Client, t target, f func(context.Context, *In, ...Opt) (*Out, error), in *In, complete func(*Out) bool,
) (*Out, error) {
	if err := ctx.Err(); err != nil {
		return nil, c.failed(ctx, t, err, &attempts{})
	}
	ctx, done := finish(ctx)
	defer done()
	return call(ctx, c, t, f, in, complete)
}

// call makes one call and returns its error as an *Error. complete reports
// whether an answer has what the operation always returns.
//
// If the answer cannot be read, AWS has probably carried out the call. It is
// made again, unless its Action must be sent only once: a write that is repeated
// has no second effect, but may be refused because the first one had its effect.
func call[In, Out, Opt any](
	ctx context.Context, c *Client, t target, f func(context.Context, *In, ...Opt) (*Out, error), in *In, complete func(*Out) bool,
) (*Out, error) {
	ctx, tried := watchAttempts(ctx)
	job := jobContext(ctx)
	for attempt := 1; ; attempt++ {
		out, err := f(ctx, in)
		if err == nil && complete(out) {
			return out, nil
		}
		if err == nil {
			err = &unreadableError{errIncomplete}
		} else if undecodable(err) {
			err = &unreadableError{err}
		}
		if _, unreadable := errors.AsType[*unreadableError](err); unreadable {
			tried.effect, tried.last = max(tried.effect, Ambiguous), err
			if !t.once && attempt < unreadableAttempts && Sleep(job, time.Duration(attempt)*unreadablePause) == nil {
				continue
			}
		}
		return nil, c.failed(job, t, err, tried)
	}
}

func (c *Client) failed(job context.Context, t target, err error, tried *attempts) *Error {
	if e := ofCredentials(err); e != nil {
		return e
	}
	e := &Error{
		Action: t.Action, Function: t.fn, Qualifier: t.qualifier, Resource: t.resource, Region: c.Region,
		Kind: kindOf(job, err), Err: err, Last: tried.last, Effect: tried.effect, place: c.place,
	}
	if e.Kind == Denied {
		c.recordDenial(e.Denial())
	}
	return e
}

// unreadableError reports that an answer with a status of success cannot be read:
// it is cut, empty, or a page of some proxy's.
type unreadableError struct{ err error }

func (e *unreadableError) Unwrap() error { return e.err }

func (e *unreadableError) Error() string {
	why := e.err
	if d, ok := errors.AsType[*smithy.DeserializationError](e.err); ok && d.Err != nil {
		why = d.Err
	}
	return "the answer cannot be read: " + why.Error()
}

// undecodable reports whether the SDK failed to decode an answer with a status of
// success.
func undecodable(err error) bool {
	status := statusOf(err)
	return 200 <= status && status < 300
}

// noPage reports whether the answer of an operation that returns nothing is AWS's
// own. The SDK does not look at its body, so it takes a proxy's page for success.
func noPage(m middleware.Metadata) bool {
	r, ok := awsmiddleware.GetRawResponse(m).(*smithyhttp.Response)
	return !ok || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
}
