package localaws_test

import (
	"fmt"
	"lambda-release/internal/localaws"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

func TestA23EventSourceMappings(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	const queue = "arn:aws:sqs:eu-central-1:123456789012:q"
	c.AddFunction("other")
	all := c.AddEventSourceMapping("fn", "", queue)
	prod := c.AddEventSourceMapping("fn", "prod", queue)
	c.AddEventSourceMapping("other", "", queue)
	for name, want := range map[string][]string{"fn": {all}, "fn:prod": {prod}, "": {"", "", ""}, arn + ":prod": {prod}, "fn:1": nil} {
		in := &lambda.ListEventSourceMappingsInput{}
		if name != "" {
			in.FunctionName = &name
		}
		var got []string
		for _, m := range must(api.ListEventSourceMappings(t.Context(), in))(t).EventSourceMappings {
			got = append(got, *m.UUID)
		}
		if name == "" {
			equal(t, "number of mappings", len(got), len(want))
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// mapping is the input to map a queue to fn.
func mapping(opts ...func(*lambda.CreateEventSourceMappingInput)) *lambda.CreateEventSourceMappingInput {
	in := &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("fn:prod"), EventSourceArn: aws.String(queueARN)}
	for _, opt := range opts {
		opt(in)
	}
	return in
}

const (
	queueARN  = "arn:aws:sqs:eu-central-1:123456789012:q"
	streamARN = "arn:aws:kinesis:eu-central-1:123456789012:stream/s"
)

func TestEventSourceMappingLifecycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, api := start(t, localaws.Options{Settle: time.Second})
		must(api.CreateFunction(t.Context(), newFunction(t)))(t)
		time.Sleep(time.Second)
		must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		must(createAlias(t, api, "prod", "1"))(t)

		made := must(api.CreateEventSourceMapping(t.Context(), mapping()))(t)
		get := func() (*lambda.GetEventSourceMappingOutput, error) {
			return api.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: made.UUID})
		}
		state := func(want string) {
			t.Helper()
			equal(t, "state", *must(get())(t).State, want)
		}
		equal(t, "ARN of the function", *made.FunctionArn, arn+":prod")
		equal(t, "answer", fmt.Sprint(*made.State, *made.StateTransitionReason, *made.BatchSize, *made.MaximumBatchingWindowInSeconds, *made.EventSourceArn), "CreatingUSER_INITIATED10 0"+queueARN)
		equal(t, "ARN", *made.EventSourceMappingArn, "arn:aws:lambda:eu-central-1:123456789012:event-source-mapping:"+*made.UUID)
		state("Creating")
		_, err := api.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: made.UUID, Enabled: aws.Bool(false)})
		wantError(t, err, 400, "ResourceInUseException", "Cannot update the event source mapping because it is in use.")
		time.Sleep(time.Second)
		state("Enabled")

		updated := must(api.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: made.UUID, Enabled: aws.Bool(false), BatchSize: aws.Int32(5), FunctionName: aws.String("fn")}))(t)
		equal(t, "answer", fmt.Sprint(*updated.State, *updated.BatchSize, *updated.FunctionArn), "Disabling5"+arn)
		time.Sleep(time.Second)
		state("Disabled")

		// It outlives its function.
		must(api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn")}))(t)
		equal(t, "state", *must(api.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: made.UUID}))(t).State, "Deleting")
		state("Deleting")
		list := func() int {
			return len(must(api.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{}))(t).EventSourceMappings)
		}
		equal(t, "number of mappings", list(), 1)
		time.Sleep(time.Second)
		equal(t, "number of mappings", list(), 0)
		_, err = get()
		wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
		_, err = api.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: made.UUID})
		wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	})
}

func TestEventSourceMappingOfStream(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	made := must(api.CreateEventSourceMapping(t.Context(), mapping(func(in *lambda.CreateEventSourceMappingInput) {
		in.EventSourceArn, in.StartingPosition, in.Enabled = aws.String(streamARN), types.EventSourcePositionLatest, aws.Bool(false)
	})))(t)
	equal(t, "answer", fmt.Sprint(*made.BatchSize, made.StartingPosition, *made.StateTransitionReason, *made.MaximumRetryAttempts, *made.LastProcessingResult), "100LATESTUser action-1No records processed")
	got := must(api.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: made.UUID}))(t)
	equal(t, "state", *got.State, "Disabled")
}

func TestEventSourceMappingRefused(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	queue := must(api.CreateEventSourceMapping(t.Context(), mapping()))(t)
	stream := func(in *lambda.CreateEventSourceMappingInput) {
		in.EventSourceArn, in.StartingPosition = aws.String(streamARN), types.EventSourcePositionLatest
	}
	streams := must(api.CreateEventSourceMapping(t.Context(), mapping(stream)))(t)
	const one = "1 validation error detected: Value "
	tests := map[string]struct {
		change  func(*lambda.CreateEventSourceMappingInput)
		status  int
		code    string
		message string
	}{
		"duplicate queue":  {func(*lambda.CreateEventSourceMappingInput) {}, 409, "ResourceConflictException", `An event source mapping with SQS arn (" ` + queueARN + ` ") and function (" fn ") already exists. Please update or delete the existing mapping with UUID ` + *queue.UUID},
		"duplicate stream": {stream, 409, "ResourceConflictException", `The event source arn (" ` + streamARN + ` ") and function (" fn ") provided mapping already exists. Please update or delete the existing mapping with UUID ` + *streams.UUID},
		"no source":        {func(in *lambda.CreateEventSourceMappingInput) { in.EventSourceArn = nil }, 400, "InvalidParameterValueException", "Unrecognized event source."},
		"no position":      {func(in *lambda.CreateEventSourceMappingInput) { in.EventSourceArn = aws.String(streamARN) }, 400, "InvalidParameterValueException", one + "null at 'startingPosition' failed to satisfy constraint: Member must not be null."},
		"position":         {func(in *lambda.CreateEventSourceMappingInput) { in.StartingPosition = "now" }, 400, "ValidationException", one + "'now' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"},
		"batch size":       {func(in *lambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(10001) }, 400, "ValidationException", one + "'10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		"batch of a queue": {func(in *lambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(11) }, 400, "InvalidParameterValueException", "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		"function":         {func(in *lambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("other") }, 400, "InvalidParameterValueException", "Function does not exist"},
		"alias":            {func(in *lambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("fn:dev") }, 400, "InvalidParameterValueException", "Function does not exist"},
		"self-managed": {func(in *lambda.CreateEventSourceMappingInput) {
			in.EventSourceArn, in.StartingPosition = nil, types.EventSourcePositionLatest
			in.SelfManagedEventSource = &types.SelfManagedEventSource{Endpoints: map[string][]string{"KAFKA_BOOTSTRAP_SERVERS": {"kafka:1000"}}}
		}, 400, "InvalidParameterValueException", "Required 'sourceAccessConfigurations' parameter is missing."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := api.CreateEventSourceMapping(t.Context(), mapping(tt.change))
			wantError(t, err, tt.status, tt.code, tt.message)
		})
	}
}

// A function and its alias may have the same source.
func TestPagesOfEventSourceMappings(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	for i := range 102 {
		c.AddEventSourceMapping("fn", []string{"", "prod"}[i%2], fmt.Sprint(queueARN, i/2))
	}
	pages := lambda.NewListEventSourceMappingsPaginator(api, &lambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(10000)})
	var sizes []int
	for pages.HasMorePages() {
		sizes = append(sizes, len(must(pages.NextPage(t.Context()))(t).EventSourceMappings))
	}
	if diff := cmp.Diff([]int{100, 2}, sizes); diff != "" {
		t.Error(diff)
	}
	of := must(api.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(queueARN + "7")}))(t)
	equal(t, "number of mappings of a source", len(of.EventSourceMappings), 2)
}
