package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"lambda-release/internal/awsapi"
)

// Stage is a stage of an API: of a REST API (/restapis/), or of an HTTP or
// WebSocket API (/apis/).
type Stage = awsapi.Stage

const stageAllowed = "a stage is arn:aws:apigateway:REGION::/restapis/API-ID/stages/NAME of a REST API, or …/apis/API-ID/stages/NAME of an HTTP API"

var (
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
	stagePattern = regexp.MustCompile(`^arn:(aws[a-z-]*):apigateway:([a-z]{2}[a-z0-9-]*-\d+)::/(restapis|apis)/([a-zA-Z0-9]+)/stages/(.+)$`)
	namePattern  = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
)

// ParseStage reads the ARN of a stage, of any partition.
func ParseStage(arn string) (Stage, error) {
	s, problem := parseStage(arn)
	if problem != "" {
		return s, fmt.Errorf("%.200q: %s; %s", arn, problem, stageAllowed)
	}
	return s, nil
}

func parseStage(arn string) (s Stage, problem string) {
	m := stagePattern.FindStringSubmatch(arn)
	if m == nil {
		return s, notAStage(arn)
	}
	s = Stage{ARN: arn, Partition: m[1], Region: m[2], HTTP: m[3] == "apis", APIID: m[4], Name: m[5]}
	switch {
	case namePattern.MatchString(s.Name), s.HTTP && s.Name == "$default":
		return s, ""
	case s.Name == "$default":
		return s, "only an HTTP API has a stage $default"
	}
	return s, "the stage's name is not 1 to 128 of a-z, A-Z, 0-9, - and _"
}

// notAStage says what it is instead.
func notAStage(arn string) string {
	switch {
	case strings.HasPrefix(arn, "https://"):
		return "an address, not an ARN"
	case !strings.HasPrefix(arn, "arn:"):
		return "not an ARN"
	case strings.Contains(arn, ":execute-api:"):
		return "the ARN by which an API is called, not a stage's"
	case !strings.Contains(arn, ":apigateway:"):
		return "not an ARN of API Gateway"
	case !strings.Contains(arn, "/stages/"):
		return "no stage in it"
	case !strings.Contains(arn, "::/"):
		return "the account has to be left out"
	}
	return "not the ARN of a stage"
}

// LineError is what is wrong with one line of bindings.
type LineError struct {
	Line    int    // counted from 1
	Text    string // the line, trimmed, without its comment
	Problem string // what is wrong with it
	Allowed string // what is allowed instead
}

func (e *LineError) Error() string {
	return fmt.Sprintf("line %d: %.200q: %s; %s", e.Line, e.Text, e.Problem, e.Allowed)
}

const bindingAllowed = "write ALIAS=STAGE-ARN, for example prod=arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"

// ParseBindings reads the stages of each alias, one ALIAS=STAGE-ARN a line. An
// alias may have several stages, but a stage has one alias, since its variable
// has one value. Blank lines are left out, and so is everything from a # that
// begins the line or follows a space. The error joins a *LineError for each bad
// line.
func ParseBindings(text string) (map[string][]Stage, error) {
	bindings := map[string][]Stage{}
	lineOf := map[string]int{} // by ARN
	var errs []error
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(uncomment(line))
		if line == "" {
			continue
		}
		alias, s, err := parseBinding(line)
		if err == nil && lineOf[s.ARN] > 0 {
			err = &LineError{
				Problem: fmt.Sprintf("the stage is bound on line %d already", lineOf[s.ARN]),
				Allowed: "a stage is bound to one alias, once; an alias may have several stages",
			}
		}
		if err != nil {
			err.Line, err.Text = n, line
			errs = append(errs, err)
			continue
		}
		lineOf[s.ARN] = n
		bindings[alias] = append(bindings[alias], s)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return bindings, nil
}

func parseBinding(line string) (string, Stage, *LineError) {
	alias, arn, ok := strings.Cut(line, "=")
	if !ok {
		return "", Stage{}, &LineError{Problem: `no "=" between alias and stage`, Allowed: bindingAllowed}
	}
	alias = strings.TrimSpace(alias)
	if !isAlias(alias) {
		return "", Stage{}, &LineError{
			Problem: fmt.Sprintf("%.200q is no alias", alias),
			Allowed: "an alias is 1 to 128 of a-z, A-Z, 0-9, - and _, and not digits only",
		}
	}
	s, problem := parseStage(strings.TrimSpace(arn))
	if problem != "" {
		return "", Stage{}, &LineError{Problem: problem, Allowed: stageAllowed}
	}
	return alias, s, nil
}

// isAlias tells whether AWS takes a name for an alias; its characters are
// those of a stage's.
func isAlias(name string) bool {
	return namePattern.MatchString(name) && strings.Trim(name, "0123456789") != ""
}

func uncomment(line string) string {
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

var variablePattern = regexp.MustCompile(`^[a-zA-Z0-9_]{1,64}$`)

// CheckVariable reports whether API Gateway takes name for a stage variable.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html
func CheckVariable(name string) error {
	if !variablePattern.MatchString(name) {
		return fmt.Errorf("%.200q is no name for a stage variable; one is 1 to 64 of a-z, A-Z, 0-9 and _", name)
	}
	return nil
}
