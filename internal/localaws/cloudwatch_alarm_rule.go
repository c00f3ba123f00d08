package localaws

import (
	"fmt"
	"slices"
	"strings"
)

// rule is the AlarmRule of a composite alarm: ALARM, OK and INSUFFICIENT_DATA of
// an alarm, TRUE and FALSE, combined by NOT, AND and OR in this order of
// precedence. AT_LEAST is not supported. See
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html.
type rule struct {
	holds condition
	names []string // of the alarms in it
}

// condition evaluates a rule, or a part of it, for the current alarm states.
type condition func(state func(name string) string) bool

// mentions reports whether the rule refers to an alarm.
func (r *rule) mentions(a *alarm) bool { return slices.Contains(r.names, a.AlarmName) }

// parseRule parses an AlarmRule.
func parseRule(text string) (*rule, error) {
	p := &ruleParser{rest: text}
	holds, err := p.any()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return &rule{holds, p.names}, nil
}

// ruleParser parses a rule from left to right.
type ruleParser struct {
	rest  string
	names []string
}

// take consumes a token if it is next.
func (p *ruleParser) take(what string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(p.rest), what)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *ruleParser) unexpected() error {
	return fmt.Errorf("AlarmRule is not valid at '%s'", strings.TrimSpace(p.rest))
}

// any parses conditions joined by OR.
func (p *ruleParser) any() (condition, error) {
	left, err := p.all()
	for err == nil && p.take("OR") {
		var right condition
		right, err = p.all()
		one := left
		left = func(state func(string) string) bool { return one(state) || right(state) }
	}
	return left, err
}

// all parses conditions joined by AND.
func (p *ruleParser) all() (condition, error) {
	left, err := p.single()
	for err == nil && p.take("AND") {
		var right condition
		right, err = p.single()
		one := left
		left = func(state func(string) string) bool { return one(state) && right(state) }
	}
	return left, err
}

// single parses one condition.
func (p *ruleParser) single() (condition, error) {
	switch {
	case p.take("NOT"):
		c, err := p.single()
		return func(state func(string) string) bool { return !c(state) }, err
	case p.take("("):
		c, err := p.any()
		if err == nil && !p.take(")") {
			err = p.unexpected()
		}
		return c, err
	case p.take("TRUE"):
		return func(func(string) string) bool { return true }, nil
	case p.take("FALSE"):
		return func(func(string) string) bool { return false }, nil
	}
	for _, want := range []string{stateAlarm, stateOK, stateInsufficient} {
		if !p.take(want) {
			continue
		}
		name, err := p.name()
		return func(state func(string) string) bool { return state(name) == want }, err
	}
	return nil, p.unexpected()
}

// name parses the name or ARN of an alarm, in parentheses and optionally quoted.
func (p *ruleParser) name() (string, error) {
	if !p.take("(") {
		return "", p.unexpected()
	}
	closing := ")"
	if p.take(`"`) {
		closing = `"`
	}
	name, rest, ok := strings.Cut(p.rest, closing)
	if !ok {
		return "", p.unexpected()
	}
	p.rest = rest
	if closing == `"` && !p.take(")") {
		return "", p.unexpected()
	}
	name = strings.TrimSpace(name)
	if i := strings.Index(name, ":alarm:"); strings.HasPrefix(name, "arn:") && i > 0 {
		name = name[i+len(":alarm:"):]
	}
	p.names = append(p.names, name)
	return name, nil
}
