package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Client makes the calls to S3 that staging a package takes, with the SDK's parts:
// its signer, retries and HTTP client. The SDK's client of S3 would add 0.8 MB to a
// program that may have 17.
type s3Client struct {
	cfg      aws.Config
	retryer  *retryer
	http     smithyhttp.ClientDo
	endpoint s3Endpoint
}

func (s *session) newS3() *s3Client {
	return &s3Client{
		cfg: s.cfg, retryer: s.newOtherRetryer(s3Rate), http: s.waiting(max(answerTime(s.timeout), min(s.timeout, partAnswerTime))),
		endpoint: s.s3Endpoint(),
	}
}

// partAnswerTime is how long S3 may take to answer after a part was handed to the
// network: on a slow line, much of it is still in buffers then.
const partAnswerTime = time.Minute

// s3Request is a call of S3.
type s3Request struct {
	op     string
	method string
	bucket string
	key    string // "": the bucket
	query  url.Values
	header map[string]string
	body   *stream           // nil: none
	sha256 [sha256.Size]byte // of body
}

// s3Response is an answer of S3.
type s3Response struct {
	header http.Header
	root   string            // the name of the XML element that the body is; "": none
	texts  map[string]string // of the elements in it, by name
}

// version is the version of the object, "" in a bucket without versions.
func (r *s3Response) version() string {
	if v := r.header.Get("X-Amz-Version-Id"); v != "null" {
		return v
	}
	return ""
}

// maxAnswer is more than any answer to these calls has.
const maxAnswer = 1 << 20

// do makes a call as an SDK client does.
func (c *s3Client) do(ctx context.Context, in *s3Request, _ ...struct{}) (*s3Response, error) {
	ctx = middleware.WithOperationName(middleware.WithServiceID(middleware.ClearStackValues(ctx), "S3"), in.op)
	stack := middleware.NewStack(in.op, smithyhttp.NewStackRequest)
	if err := errors.Join(
		stack.Serialize.Add(middleware.SerializeMiddlewareFunc("Serialize", c.serialize), middleware.After),
		stack.Build.Add(&awsmiddleware.ClientRequestID{}, middleware.After),
		awsmiddleware.AddSDKAgentKeyValue(awsmiddleware.APIMetadata, "s3", "1")(stack),
		awsmiddleware.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, c.cfg.AppID)(stack),
		stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("Signing", c.signer(in)), middleware.After),
		retry.AddRetryMiddlewares(stack, retry.AddRetryMiddlewaresOptions{Retryer: c.retryer}),
		openPerAttempt(stack),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Deserialize", deserialize), middleware.After),
	); err != nil {
		return nil, err
	}
	handler := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(c.http), stack)
	out, _, err := handler.Handle(ctx, in)
	if err != nil {
		return nil, &smithy.OperationError{ServiceID: "S3", OperationName: in.op, Err: err}
	}
	answer, ok := out.(*s3Response)
	if !ok {
		return nil, fmt.Errorf("unknown type of answer %T", out)
	}
	return answer, nil
}

func (c *s3Client) serialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	out middleware.SerializeOutput, metadata middleware.Metadata, err error,
) {
	call, ok := in.Parameters.(*s3Request)
	req, isHTTP := in.Request.(*smithyhttp.Request)
	if !ok || !isHTTP {
		return out, metadata, fmt.Errorf("unknown types %T, %T", in.Parameters, in.Request)
	}
	req.Method, req.URL = call.method, c.endpoint.url(call.bucket, call.key)
	req.URL.RawQuery = call.query.Encode()
	for name, value := range call.header {
		req.Header.Set(name, value)
	}
	if call.body != nil {
		if in.Request, err = req.SetStream(call.body); err != nil {
			return out, metadata, err
		}
	}
	return next.HandleSerialize(ctx, in)
}

// signer signs a call with the hash of its body: S3 refuses other content.
func (c *s3Client) signer(call *s3Request) func(context.Context, middleware.FinalizeInput, middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // S3 signs the path as it is sent
	sum := sha256.Sum256(nil)
	if call.body != nil {
		sum = call.sha256
	}
	payload := hex.EncodeToString(sum[:])
	return func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
		req, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return out, metadata, fmt.Errorf("unknown type of request %T", in.Request)
		}
		credentials, err := c.cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return out, metadata, fmt.Errorf("get credentials: %w", err)
		}
		req.Header.Set("X-Amz-Content-Sha256", payload)
		if err := signer.SignHTTP(ctx, credentials, req.Request, payload, "s3", c.cfg.Region, time.Now()); err != nil {
			return out, metadata, err
		}
		return next.HandleFinalize(ctx, in)
	}
}

// deserialize reads an answer, or turns it into an error.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func deserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		return out, metadata, fmt.Errorf("unknown type of response %T", out.RawResponse)
	}
	body, readErr := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	_ = response.Body.Close() // it was read
	root, texts := parseXML(body)
	switch {
	case readErr != nil:
		err = &smithy.DeserializationError{Err: readErr}
	case response.StatusCode >= http.StatusMultipleChoices:
		err = errorOf(response, texts)
	case root == "Error":
		// CompleteMultipartUpload may fail after it has begun its answer.
		// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
		response.StatusCode = http.StatusInternalServerError
		err = errorOf(response, texts)
	default:
		out.Result = &s3Response{response.Header, root, texts}
		return out, metadata, nil
	}
	return out, metadata, &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: response, Err: err}, RequestID: response.Header.Get("X-Amz-Request-Id"),
	}
}

// errorOf is the error of an answer. That to a HEAD has no body.
func errorOf(response *smithyhttp.Response, texts map[string]string) error {
	code := texts["Code"]
	if code == "" && response.Header.Get("X-Amz-Request-Id") != "" { // it is S3 that has answered
		code = map[int]string{http.StatusForbidden: "AccessDenied", http.StatusMovedPermanently: "PermanentRedirect"}[response.StatusCode]
	}
	return &smithy.GenericAPIError{Code: cmp.Or(code, http.StatusText(response.StatusCode)), Message: texts["Message"]}
}

// parseXML is the name of the element that a document is, "" if it is cut or none, and
// the texts in it. Decoding into structs would add 50 KB to the program.
func parseXML(document []byte) (root string, texts map[string]string) {
	texts = map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(document))
	var path []string
	for {
		token, err := d.Token()
		if err != nil {
			return "", texts
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
		case xml.CharData:
			if len(path) > 1 {
				texts[path[len(path)-1]] += string(token)
			}
		case xml.EndElement:
			if len(path) == 1 {
				return path[0], texts
			}
			path = path[:len(path)-1]
		}
	}
}

// checksum is a hash as S3 takes it.
func checksum(sum [sha256.Size]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }

// textBody is a small body, with its hash.
func textBody(text string) (*stream, [sha256.Size]byte) {
	return &stream{size: int64(len(text)), open: func() io.Reader { return strings.NewReader(text) }}, sha256.Sum256([]byte(text))
}
