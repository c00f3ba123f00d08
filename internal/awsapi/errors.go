package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"lambda-release/internal/function"
)

// Kind classifies errors. Decisions and hints depend on it, never on a message.
type Kind int

// The kinds of errors.
const (
	Other          Kind = iota
	Cancelled           // the job was cancelled
	Deadline            // the job timed out
	NoRegion            // no region is configured
	NoCredentials       // no credentials were found
	BadCredentials      // expired, unknown or signed for elsewhere
	Denied              // 403 AccessDeniedException
	Unsupported         // Lambda does not have this operation in the region
	NotFound            // 404
	Stale               // 412: changed since it was read
	Conflict            // 409: exists already, is in use, or is being updated
	Invalid             // 400; or what Lambda cannot do with the function as it is configured
	StorageFull         // 400 CodeStorageExceededException
	Throttled           // 429
	Server              // 5xx
	Hung                // connected, but no answer in time
	Unreachable         // no connection
	Unreadable          // a status of success, but an answer that cannot be read
)

// Error is a failed call: what was called, on what, and the cause.
type Error struct {
	Action
	Function  function.ID // zero if the call is not about a function
	Qualifier string      // version or alias, "" for the function itself
	Resource  string      // what else the call is about: a deployment, a stage, a role
	Region    string
	Kind      Kind
	Err       error
	// Last is the error of the last attempt, or the state that was read last,
	// before the job timed out or was cancelled; nil if there was none.
	Last error
	// Effect is how much of the call may have been carried out.
	Effect Effect

	advice  string   // the hint, where the kind does not say enough
	place   place    // where the program runs
	secrets []string // what AWS may repeat in its message, longest first, and must not be shown
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if subject := cmp.Or(e.Function.Given, e.Resource); subject != "" {
		b.WriteString(" " + subject)
	}
	if e.Qualifier != "" {
		b.WriteString(":" + e.Qualifier)
	}
	b.WriteString(": ")
	switch e.Kind {
	case NoRegion:
		return "no AWS region is set"
	case NoCredentials:
		return strings.TrimSuffix("no AWS credentials were found: "+e.place.whyNoCredentials(e.Err), ": ")
	case Cancelled:
		b.WriteString("cancelled")
	case Deadline:
		b.WriteString("timed out")
		if errors.Is(e.Err, errRateLimit) {
			b.WriteString(" waiting for the request rate limit")
		}
	default:
		b.WriteString(e.said(e.Err))
		return b.String()
	}
	if state, ok := errors.AsType[lastState](e.Last); ok {
		fmt.Fprintf(&b, "; the last state was: %s", state)
	} else if e.Last != nil {
		fmt.Fprintf(&b, "; the last attempt ended with: %s", e.said(e.Last))
	}
	return b.String()
}

// said is the message of an error, without secrets. What AWS says of permissions, or of
// what exists, has names that may be values of variables, and no secrets.
func (e *Error) said(err error) string {
	switch e.Kind {
	case Denied, NotFound, Conflict, Stale:
		return message(err)
	default:
		return conceal(message(err), e.secrets)
	}
}

func (e *Error) Unwrap() error { return e.Err }

// message is AWS's code, message and request id without the SDK's wrapping.
func message(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return innermost(err)
	}
	text := api.ErrorCode()
	if m := api.ErrorMessage(); m != "" {
		text += ": " + m
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.ServiceRequestID() != "" {
		text += " (request " + response.ServiceRequestID() + ")"
	}
	return text
}

// innermost removes what the SDK adds to an error of the network: "operation
// error Lambda: GetAlias, exceeded maximum number of attempts, …".
func innermost(err error) string {
	if unread, ok := errors.AsType[*unreadableError](err); ok {
		return unread.Error()
	}
	if changed, ok := errors.AsType[*changedError](err); ok {
		return changed.Error()
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return "no answer in time"
	}
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) && send.Err != nil {
		return send.Err.Error()
	}
	var op *smithy.OperationError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

// Is reports whether err is an Error of this kind.
func Is(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// EffectOf is the Effect of the call that failed with err, and NotSent if err is
// not about a call.
func EffectOf(err error) Effect {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Effect
	}
	return NotSent
}

// kindOf classifies an error that the SDK returned for a call of the job. A
// refusal keeps its kind even if the job has ended meanwhile; what would have
// been retried, or was not answered, then failed because the job ended.
func kindOf(job context.Context, err error) Kind {
	status := statusOf(err)
	_, misconfigured := misconfigured[codeOf(err)]
	refused := status >= 400 && status < 500 && status != http.StatusTooManyRequests || misconfigured
	switch {
	case refused:
	case errors.Is(err, errRateLimit):
		return Deadline
	case errors.Is(job.Err(), context.Canceled):
		return Cancelled
	case errors.Is(job.Err(), context.DeadlineExceeded):
		return Deadline
	case status >= http.StatusInternalServerError:
		return Server
	}
	var (
		notFound  *types.ResourceNotFoundException
		conflict  *types.ResourceConflictException
		stale     *types.PreconditionFailedException
		full      *types.CodeStorageExceededException
		throttled *types.TooManyRequestsException
		api       smithy.APIError
		network   net.Error
		send      *smithyhttp.RequestSendError
		unread    *unreadableError
	)
	switch {
	case misconfigured:
		return Invalid
	case errors.As(err, &unread):
		return Unreadable
	case errors.As(err, &notFound):
		return NotFound
	case errors.As(err, &conflict):
		return Conflict
	case errors.As(err, &stale):
		return Stale
	case errors.As(err, &full):
		return StorageFull
	case errors.As(err, &throttled):
		return Throttled
	case errors.As(err, &api) && strings.HasPrefix(api.ErrorMessage(), unknownOperation):
		return Unsupported
	case errors.As(err, &api):
		return kindOfCode(api.ErrorCode(), status)
	case status >= http.StatusBadRequest: // the error itself cannot be read
		return kindOfCode("", status)
	case errors.As(err, &send) && errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return Hung
	case errors.Is(err, context.DeadlineExceeded):
		return Deadline
	case errors.As(err, &send), errors.As(err, &network):
		return Unreachable
	}
	return Other
}

// unknownOperation begins what Lambda answers about function URLs in regions that do not
// have them, with the code AccessDeniedException and nothing else to tell it by. IAM
// names the action that it denies.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
// https://github.com/zappa/Zappa/issues/1425
const unknownOperation = "Unable to determine service/operation name"

// deniedCodes are those with which AWS says that a caller may not do something.
var deniedCodes = []string{"AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation"}

// kindOfCode is for errors that have no type in the SDK.
// https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
func kindOfCode(code string, status int) Kind {
	if slices.Contains(deniedCodes, code) {
		return Denied
	}
	switch code {
	case "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidAccessKeyId", "InvalidToken",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired", "OptInRequired":
		return BadCredentials
	case "Throttling", "ThrottlingException", "RequestLimitExceeded":
		return Throttled
	}
	switch status {
	case http.StatusBadRequest:
		return Invalid
	case http.StatusForbidden:
		return Denied
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusPreconditionFailed:
		return Stale
	case http.StatusTooManyRequests:
		return Throttled
	}
	return Other
}

// responseHeader is a header of the answer that an error is about.
func responseHeader(err error, name string) string {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.Response != nil {
		return response.Response.Header.Get(name)
	}
	return ""
}

func statusOf(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// misconfigured has the codes with which Invoke says that the function cannot run as
// it is configured, and UpdateFunctionCode that its configuration does not allow the
// code; and what to do. Most come with a status of 502, one with 404, but nothing on
// AWS's side has failed, and trying again does not help.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html#API_UpdateFunctionCode_Errors
var misconfigured = map[string]string{
	"KMSAccessDeniedException": "Lambda could not decrypt the environment variables: the function's execution role, not the role of the job, needs kms:Decrypt on the function's KMS key, and the policy of the key must not forbid it.",
	"KMSDisabledException":     "The function's KMS key is disabled, so Lambda cannot decrypt the environment variables. Enable it, or give the function another key.",
	"KMSInvalidStateException": "The function's KMS key cannot be used in its state, so Lambda cannot decrypt the environment variables: it may be pending deletion or import. Mend that, or give the function another key.",
	"KMSNotFoundException":     "The function's KMS key does not exist, so Lambda cannot decrypt the environment variables. Give the function another key.",

	"InvalidZipFileException": "Lambda could not unzip the code of this version. Make the package anew, and upload the code again.",
	"InvalidRuntimeException": "Lambda does not support the runtime of this version. Set a supported one on the function, and release again.",

	"EC2AccessDeniedException":             "The function's execution role, not the role of the job, lacks permissions for the VPC: attach the managed policy AWSLambdaVPCAccessExecutionRole to it.",
	"ENILimitReachedException":             "The VPC of the function has reached its limit of network interfaces. Remove unused ones, or ask AWS for a higher quota.",
	"SubnetIPAddressLimitReachedException": "A subnet of the function has no free IP address. Free some, or give the function larger or more subnets.",
	"InvalidSubnetIDException":             "A subnet in the function's VPC configuration does not exist or is not valid. Correct it, and release again.",
	"InvalidSecurityGroupIDException":      "A security group in the function's VPC configuration does not exist or is not valid. Correct it, and release again.",

	"EFSIOException":                efsAdvice,
	"EFSMountConnectivityException": efsAdvice,
	"EFSMountFailureException":      efsAdvice,
	"EFSMountTimeoutException":      efsAdvice,

	"CodeVerificationFailedException": "The function accepts only code that is signed by one of its signing profiles, with a signature that has not expired and was not revoked. " +
		"Sign the zip with AWS Signer, and use the signed zip as the input `code`: its object in S3, or the file as it is. A folder is never signed.",
	"InvalidCodeSignatureException":      "The code was changed after it was signed. Sign the zip with AWS Signer again, and use the signed zip unchanged as the input `code`.",
	"CodeSigningConfigNotFoundException": "The function's code signing configuration does not exist. Give the function another one, or remove it from the function with `aws lambda delete-function-code-signing-config`.",
}

const efsAdvice = "The function could not use its EFS file system. Check the mount targets in its subnets, the security groups (port 2049), the access point, " +
	"and that the function's execution role, not the role of the job, has elasticfilesystem:ClientMount and ClientWrite."
