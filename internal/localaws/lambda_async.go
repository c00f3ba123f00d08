package localaws

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// eventInvoke are the settings for asynchronous invocations of one qualifier: a new
// alias does not get those of the function (A22), and DeleteAlias leaves them behind
// (A21); see [alias].
type eventInvoke struct {
	attempts  *int32
	age       *int32
	onSuccess destination
	onFailure destination
	modified  time.Time
}

type (
	destination struct {
		Destination string `json:",omitempty"`
	}
	destinationConfig struct{ OnSuccess, OnFailure *destination }
)

// eventInvokeConfiguration is Lambda's FunctionEventInvokeConfig.
type eventInvokeConfiguration struct {
	LastModified             epoch
	FunctionArn              string
	MaximumRetryAttempts     *int32 `json:",omitempty"`
	MaximumEventAgeInSeconds *int32 `json:",omitempty"`
	DestinationConfig        destinationConfig
}

// namedDestination is a destination that a call gives.
type namedDestination struct{ member, arn string }

// named returns the destinations of a call; an empty one removes it.
func (c *destinationConfig) named() []namedDestination {
	if c == nil {
		return nil
	}
	var all []namedDestination
	if d := c.OnSuccess; d != nil && d.Destination != "" {
		all = append(all, namedDestination{"destinationConfig.onSuccess.destination", d.Destination})
	}
	if d := c.OnFailure; d != nil && d.Destination != "" {
		all = append(all, namedDestination{"destinationConfig.onFailure.destination", d.Destination})
	}
	return all
}

// admitDestination refuses a function that is the function itself, or does not exist.
// The other services are not implemented.
func (s *store) admitDestination(f *function, arn string) error {
	n, ok := parseName(arn)
	if !ok || !strings.HasPrefix(arn, "arn:") {
		return nil
	}
	switch to := functionARN(n.region, n.account, n.function, ""); {
	case to == f.arn:
		return invalid("You can't specify the function as a destination for itself.")
	case s.function(to) == nil:
		return invalid("The destination ARN %s is invalid.", arn)
	}
	return nil
}

// describe returns the settings as the API does.
func (e *eventInvoke) describe(f *function, qualifier string) eventInvokeConfiguration {
	return eventInvokeConfiguration{epoch{e.modified}, qualified(f.arn, qualifier), e.attempts, e.age, destinationConfig{&e.onSuccess, &e.onFailure}}
}

// putFunctionEventInvokeConfig replaces the settings of a qualifier.
func (l *lambda) putFunctionEventInvokeConfig(r *request) (answer, error) {
	return l.writeEventInvoke(r, func(*function, string) (*eventInvoke, error) { return &eventInvoke{}, nil })
}

// updateFunctionEventInvokeConfig changes them; omitted members stay as they are.
func (l *lambda) updateFunctionEventInvokeConfig(r *request) (answer, error) {
	return l.writeEventInvoke(r, func(f *function, qualifier string) (*eventInvoke, error) {
		old := f.async[qualifier]
		if old == nil {
			return nil, noEventInvoke(qualified(f.arn, qualifier))
		}
		e := *old
		return &e, nil
	})
}

// writeEventInvoke changes settings, beginning with those that from returns.
func (l *lambda) writeEventInvoke(r *request, from func(*function, string) (*eventInvoke, error)) (answer, error) {
	var in struct {
		MaximumRetryAttempts     *int32
		MaximumEventAgeInSeconds *int32
		DestinationConfig        *destinationConfig
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	if n := in.MaximumRetryAttempts; n != nil {
		v.between(*n, "maximumRetryAttempts", 0, 2)
	}
	if n := in.MaximumEventAgeInSeconds; n != nil {
		v.between(*n, "maximumEventAgeInSeconds", 60, 21600)
	}
	destinations := in.DestinationConfig.named()
	for _, d := range destinations {
		v.length(d.arn, d.member, 0, 350)
		v.pattern(d.arn, d.member, destinationPattern)
	}
	if err := v.err(); err != nil {
		return answer{}, err
	}
	if in.MaximumRetryAttempts == nil && in.MaximumEventAgeInSeconds == nil && in.DestinationConfig == nil {
		return answer{}, invalid("You must specify at least one of error handling or destination setting.")
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return answer{}, err
	}
	f, qualifier := l.function(t.arn), cmp.Or(t.qualifier, latestVersion)
	if f == nil || f.resolve(qualifier) == nil {
		return answer{}, notFound("The function doesn't exist.")
	}
	for _, d := range destinations {
		if err := l.admitDestination(f, d.arn); err != nil {
			return answer{}, err
		}
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	e, err := from(f, qualifier)
	if err != nil {
		return answer{}, err
	}
	if in.MaximumRetryAttempts != nil {
		e.attempts = in.MaximumRetryAttempts
	}
	if in.MaximumEventAgeInSeconds != nil {
		e.age = in.MaximumEventAgeInSeconds
	}
	if d := in.DestinationConfig; d != nil {
		set(&e.onSuccess, d.OnSuccess)
		set(&e.onFailure, d.OnFailure)
	}
	e.modified = l.date()
	f.async[qualifier] = e
	return reply(http.StatusOK, e.describe(f, qualifier)), nil
}

func noEventInvoke(arn string) error {
	return notFound("The function %s doesn't have an EventInvokeConfig", arn)
}

// eventInvokeOf returns the settings that a call names.
func (l *lambda) eventInvokeOf(r *request) (*function, string, error) {
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return nil, "", err
	}
	f, qualifier := l.function(t.arn), cmp.Or(t.qualifier, latestVersion)
	if f == nil || f.async[qualifier] == nil {
		return nil, "", noEventInvoke(qualified(t.arn, qualifier))
	}
	return f, qualifier, nil
}

// getFunctionEventInvokeConfig returns the settings of a qualifier.
func (l *lambda) getFunctionEventInvokeConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.eventInvokeOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, f.async[qualifier].describe(f, qualifier)), nil
}

// deleteFunctionEventInvokeConfig deletes the settings of a qualifier.
func (l *lambda) deleteFunctionEventInvokeConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.eventInvokeOf(r)
	if err != nil {
		return answer{}, err
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	delete(f.async, qualifier)
	return empty(), nil
}

// listFunctionEventInvokeConfigs lists the settings of a function's qualifiers.
func (l *lambda) listFunctionEventInvokeConfigs(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, err := l.targetOf(r, "")
	if err != nil {
		return answer{}, err
	}
	f := l.function(t.arn)
	if f == nil {
		return answer{}, notFound("The function doesn't exist.")
	}
	var all []eventInvokeConfiguration
	for _, qualifier := range slices.Sorted(maps.Keys(f.async)) {
		all = append(all, f.async[qualifier].describe(f, qualifier))
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		FunctionEventInvokeConfigs []eventInvokeConfiguration
		NextMarker                 string `json:",omitempty"`
	}{page, next}), nil
}
