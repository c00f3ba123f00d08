package localaws

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventSource is an event source mapping: it invokes a function, or a qualifier of it,
// with the records of a queue or stream. It outlives what it invokes. The sources
// themselves do not exist here, and nothing is invoked.
type eventSource struct {
	uuid     string
	function string                     // ARN, with the qualifier
	settings map[string]json.RawMessage // the members of the answer that calls set, or their defaults
	modified time.Time

	state    string // "Enabled" or "Disabled"; "": it is gone
	changing string // the state until settles: "Creating", "Updating", "Enabling", "Disabling" or "Deleting"
	settles  time.Time
}

// current returns the State of a mapping now, "" if it is gone.
func (e *eventSource) current() string {
	if time.Now().Before(e.settles) {
		return e.changing
	}
	return e.state
}

// setting returns a setting that is a string, "" if there is none.
func (e *eventSource) setting(name string) string {
	var s string
	_ = json.Unmarshal(e.settings[name], &s) // a missing one is ""
	return s
}

// describe returns a mapping in a state as the API does.
func (e *eventSource) describe(state string) map[string]any {
	reason := "USER_INITIATED"
	if e.kind().stream {
		reason = "User action"
	}
	out := map[string]any{
		"UUID":                  e.uuid,
		"EventSourceMappingArn": strings.Join(append(strings.Split(e.function, ":")[:5], "event-source-mapping", e.uuid), ":"),
		"FunctionArn":           e.function,
		"LastModified":          epoch{e.modified},
		"State":                 state,
		"StateTransitionReason": reason,
	}
	for name, value := range e.settings {
		out[name] = value
	}
	return out
}

// sourceKind is what mappings of one kind of source have in common.
type sourceKind struct {
	service   string // in the ARN of the source; "": not an AWS service
	stream    bool   // Kinesis or DynamoDB
	positions []string
	defaults  string // settings
}

// The kinds of sources, with LocalStack's recordings of the defaults.
var (
	anyPosition = []string{"LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"}

	streamDefaults = `{"BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1, "MaximumRecordAgeInSeconds": -1,
		"MaximumRetryAttempts": -1, "BisectBatchOnFunctionError": false, "TumblingWindowInSeconds": 0, "DestinationConfig": {"OnFailure": {}},
		"FunctionResponseTypes": [], "LastProcessingResult": "No records processed"}`
	pollerDefaults = `{"BatchSize": 100, "LastProcessingResult": "No records processed"}`

	selfManaged = sourceKind{positions: anyPosition, defaults: pollerDefaults} // Apache Kafka
	sourceKinds = []sourceKind{
		{service: "sqs", defaults: `{"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}`},
		{service: "kinesis", stream: true, positions: anyPosition, defaults: streamDefaults},
		{service: "dynamodb", stream: true, positions: []string{"LATEST", "TRIM_HORIZON"}, defaults: streamDefaults},
		{service: "kafka", positions: anyPosition, defaults: pollerDefaults},
		{service: "rds", positions: anyPosition, defaults: pollerDefaults}, // DocumentDB
		{service: "mq", defaults: pollerDefaults},
	}
)

// kind returns the kind of a mapping's source; the zero kind is none that exists.
func (e *eventSource) kind() sourceKind {
	if e.settings["SelfManagedEventSource"] != nil {
		return selfManaged
	}
	parts := strings.Split(e.setting("EventSourceArn"), ":")
	i := slices.IndexFunc(sourceKinds, func(k sourceKind) bool { return len(parts) > 2 && k.service == parts[2] })
	if i < 0 {
		return sourceKind{}
	}
	return sourceKinds[i]
}

// newEventSource returns a mapping of a function with settings and the defaults for
// its source.
func newEventSource(function string, settings map[string]json.RawMessage) (*eventSource, error) {
	e := &eventSource{uuid: newID(), function: function, settings: settings, modified: time.Now(), state: "Enabled"}
	kind := e.kind()
	if kind.defaults == "" {
		return nil, invalid("Unrecognized event source.")
	}
	e.settings = map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(kind.defaults), &e.settings); err != nil {
		panic("localaws: defaults of an event source mapping: " + err.Error()) // they are constants
	}
	maps.Copy(e.settings, settings)
	return e, nil
}

// check refuses settings that the source of a mapping cannot have.
func (e *eventSource) check() error {
	kind, position := e.kind(), e.setting("StartingPosition")
	switch {
	case kind.positions == nil:
	case position == "":
		return invalid("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.")
	case !slices.Contains(kind.positions, position):
		return invalid("Unsupported starting position for arn type: %s", e.setting("EventSourceArn"))
	}
	if kind.service == "" && e.settings["SourceAccessConfigurations"] == nil {
		return invalid("Required 'sourceAccessConfigurations' parameter is missing.")
	}
	var size, window int
	_ = json.Unmarshal(e.settings["BatchSize"], &size) // validated
	_ = json.Unmarshal(e.settings["MaximumBatchingWindowInSeconds"], &window)
	if kind.service == "sqs" && size > 10 && window == 0 {
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	return nil
}

// duplicate returns the error for a mapping that exists already, with the same source
// and function.
func (s *store) duplicate(e *eventSource) error {
	name := strings.Split(e.function, ":")[6]
	for _, other := range s.eventSources {
		if other.function != e.function || other.current() == "" {
			continue
		}
		const advice = " already exists. Please update or delete the existing mapping with UUID "
		source := e.setting("EventSourceArn")
		switch {
		case source != other.setting("EventSourceArn"):
		case source == "":
			if topics := string(e.settings["Topics"]); topics == string(other.settings["Topics"]) {
				return conflict("An event source mapping with function (\"%s\"), topics (%s)%s%s", e.function, topics, advice, other.uuid)
			}
		case e.kind().service == "sqs":
			return conflict("An event source mapping with SQS arn (\" %s \") and function (\" %s \")%s%s", source, name, advice, other.uuid)
		default:
			return conflict("The event source arn (\" %s \") and function (\" %s \") provided mapping%s%s", source, name, advice, other.uuid)
		}
	}
	return nil
}

// eventSourceInput is the body of CreateEventSourceMapping and
// UpdateEventSourceMapping.
type eventSourceInput struct {
	FunctionName *string
	Enabled      *bool
	settings     map[string]json.RawMessage
}

// decode reads and checks the input.
func (in *eventSourceInput) decode(r *request) error {
	if err := r.decode(in); err != nil {
		return err
	}
	if err := r.decode(&in.settings); err != nil {
		return err
	}
	for _, name := range []string{"FunctionName", "Enabled", "Tags"} {
		delete(in.settings, name)
	}
	maps.DeleteFunc(in.settings, func(_ string, value json.RawMessage) bool { return string(value) == "null" })

	var v validation
	for _, limit := range []struct {
		member      string
		least, most int32
	}{
		{"BatchSize", 1, 10000},
		{"MaximumBatchingWindowInSeconds", 0, 300},
		{"MaximumRecordAgeInSeconds", -1, 604800},
		{"MaximumRetryAttempts", -1, 10000},
		{"ParallelizationFactor", 1, 10},
		{"TumblingWindowInSeconds", 0, 900},
	} {
		text := string(in.settings[limit.member])
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return unreadable(err)
		}
		v.between(int32(n), strings.ToLower(limit.member[:1])+limit.member[1:], limit.least, limit.most)
	}
	var given struct{ EventSourceArn, StartingPosition string }
	if err := r.decode(&given); err != nil {
		return err
	}
	if given.EventSourceArn != "" {
		v.pattern(given.EventSourceArn, "eventSourceArn", sourceARNPattern)
	}
	v.oneOf(given.StartingPosition, "startingPosition", anyPosition...)
	return v.err()
}

// invokedBy returns the ARN of the function, version or alias that a mapping is to
// invoke.
func (l *lambda) invokedBy(r *request, name string) (string, error) {
	t, err := l.target(r.incoming, r.operation, name, "")
	if err != nil {
		return "", err
	}
	f := l.function(t.arn)
	if f == nil || f.resolve(t.qualifier) == nil {
		return "", invalid("Function does not exist")
	}
	return qualified(t.arn, t.qualifier), nil
}

// createEventSourceMapping adds a mapping.
func (l *lambda) createEventSourceMapping(r *request) (answer, error) {
	var in eventSourceInput
	if err := in.decode(r); err != nil {
		return answer{}, err
	}
	var v validation
	v.required(in.FunctionName, "functionName")
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := newEventSource("", in.settings)
	if err != nil {
		return answer{}, err
	}
	if err := e.check(); err != nil {
		return answer{}, err
	}
	if e.function, err = l.invokedBy(r, *in.FunctionName); err != nil {
		return answer{}, err
	}
	if err := l.duplicate(e); err != nil {
		return answer{}, err
	}
	if in.Enabled != nil && !*in.Enabled {
		e.state = "Disabled"
	}
	l.eventSources = append(l.eventSources, e)
	return l.changeEventSource(e, "Creating"), nil
}

// changeEventSource begins a change of a mapping, and answers with it.
func (l *lambda) changeEventSource(e *eventSource, changing string) answer {
	now := time.Now()
	e.changing, e.settles, e.modified = changing, now.Add(l.settle), now
	return reply(http.StatusAccepted, e.describe(changing))
}

// eventSourceOf returns the mapping that a call names.
func (l *lambda) eventSourceOf(r *request) (*eventSource, error) {
	for _, e := range l.eventSources {
		if e.uuid == r.item && e.current() != "" && strings.Split(e.function, ":")[3] == r.region {
			return e, nil
		}
	}
	return nil, notFound("%s", noResource)
}

// idle refuses to change a mapping that is changing.
func (e *eventSource) idle(doing string) error {
	if e.current() == e.state {
		return nil
	}
	return &apiError{http.StatusBadRequest, "ResourceInUseException", "Cannot " + doing + " the event source mapping because it is in use."}
}

// getEventSourceMapping returns a mapping.
func (l *lambda) getEventSourceMapping(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.eventSourceOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, e.describe(e.current())), nil
}

// updateEventSourceMapping changes a mapping; omitted members stay as they are.
func (l *lambda) updateEventSourceMapping(r *request) (answer, error) {
	var in eventSourceInput
	if err := in.decode(r); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.eventSourceOf(r)
	if err != nil {
		return answer{}, err
	}
	if err := e.idle("update"); err != nil {
		return answer{}, err
	}
	to := *e
	to.settings = maps.Clone(e.settings)
	maps.Copy(to.settings, in.settings)
	if err := to.check(); err != nil {
		return answer{}, err
	}
	if in.FunctionName != nil {
		if to.function, err = l.invokedBy(r, *in.FunctionName); err != nil {
			return answer{}, err
		}
	}
	changing := "Updating"
	switch {
	case in.Enabled == nil:
	case *in.Enabled && e.state == "Disabled":
		changing, to.state = "Enabling", "Enabled"
	case !*in.Enabled && e.state == "Enabled":
		changing, to.state = "Disabling", "Disabled"
	}
	*e = to
	return l.changeEventSource(e, changing), nil
}

// deleteEventSourceMapping deletes a mapping.
func (l *lambda) deleteEventSourceMapping(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.eventSourceOf(r)
	if err != nil {
		return answer{}, err
	}
	if err := e.idle("delete"); err != nil {
		return answer{}, err
	}
	e.state = ""
	return l.changeEventSource(e, "Deleting"), nil
}

// listEventSourceMappings lists the mappings of a function or source. Those of a
// function without a qualifier are the ones that invoke it without one; the
// reference does not say which they are.
func (l *lambda) listEventSourceMappings(r *request) (answer, error) {
	var function string
	if name := r.query.Get("FunctionName"); name != "" {
		t, err := l.target(r.incoming, r.operation, name, "")
		if err != nil {
			return answer{}, err
		}
		function = qualified(t.arn, t.qualifier)
	}
	source := r.query.Get("EventSourceArn")

	l.mu.Lock()
	defer l.mu.Unlock()
	l.eventSources = slices.DeleteFunc(l.eventSources, func(e *eventSource) bool { return e.current() == "" })
	var all []map[string]any
	for _, e := range l.eventSources {
		if (function == "" || e.function == function) && (source == "" || e.setting("EventSourceArn") == source) && strings.Split(e.function, ":")[3] == r.region {
			all = append(all, e.describe(e.current()))
		}
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		EventSourceMappings []map[string]any
		NextMarker          string `json:",omitempty"`
	}{page, next}), nil
}

// AddEventSourceMapping adds a mapping from a source, such as a queue, to a function
// or a qualifier of it, and returns its UUID. It is Enabled.
func (c *Cloud) AddEventSourceMapping(name, qualifier, sourceARN string) string {
	var e *eventSource
	c.on(name, func(f *function) {
		f.mustResolve(qualifier)
		source, err := json.Marshal(sourceARN)
		if err == nil {
			e, err = newEventSource(qualified(f.arn, qualifier), map[string]json.RawMessage{"EventSourceArn": source})
		}
		if err != nil {
			panic("localaws: add event source mapping: " + err.Error())
		}
		c.store.eventSources = append(c.store.eventSources, e)
	})
	return e.uuid
}
