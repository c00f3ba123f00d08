package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

// Stage is a stage of an API: of a REST API (/restapis/), or of an HTTP or
// WebSocket API (/apis/).
type Stage = awsapi.Stage

const stageAllowed = "a stage is arn:aws:apigateway:REGION::/restapis/API-ID/stages/NAME of a REST API, or …/apis/API-ID/stages/NAME of an HTTP API"

var (
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
	stagePattern = regexp.MustCompile(`^arn:(` + function.PartitionPattern + `):apigateway:(` + function.RegionPattern + `)::/(restapis|apis)/([a-zA-Z0-9]+)/stages/(.+)$`)
	namePattern  = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
)

// ParseStage reads the ARN of a stage. The error is a *lines.Error.
func ParseStage(arn string) (Stage, error) {
	s, problem := parseStage(arn)
	if problem != "" {
		return s, &lines.Error{Problem: problem, Allowed: stageAllowed}
	}
	return s, nil
}

// parseStage reads the ARN of a stage, of any partition.
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

// notAStage says what is wrong with an ARN that is not a stage's.
func notAStage(arn string) string {
	switch {
	case strings.HasPrefix(arn, "https://"):
		return "it is a URL, not an ARN"
	case !strings.HasPrefix(arn, "arn:"):
		return "it is not an ARN"
	case strings.Contains(arn, ":execute-api:"):
		return "it is the ARN by which an API is invoked, not the ARN of a stage"
	case !strings.Contains(arn, ":apigateway:"):
		return "it is not an ARN of API Gateway"
	case !strings.Contains(arn, "/stages/"):
		return "it contains no stage"
	case !strings.Contains(arn, "::/"):
		return "it must not contain the account"
	}
	return "it is not the ARN of a stage"
}

const bindingAllowed = "write ALIAS=STAGE-ARN, for example prod=arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"

// ParseBindings reads the stages of each alias, one ALIAS=STAGE-ARN a line, as
// lines.All does. An alias may have several stages, but a stage has one alias,
// since its variable has one value. The error joins a *lines.Error for each bad
// line.
func ParseBindings(text string) (map[string][]Stage, error) {
	bindings := map[string][]Stage{}
	lineOf := map[string]int{} // by ARN
	var errs []error
	for n, line := range lines.All(text) {
		alias, s, err := parseBinding(line)
		if err == nil && lineOf[s.ARN] > 0 {
			err = &lines.Error{
				Problem: fmt.Sprintf("the stage is already bound on line %d", lineOf[s.ARN]),
				Allowed: "bind a stage to one alias, once; an alias may have several stages",
			}
		}
		if err != nil {
			errs = append(errs, err.At(n, line))
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

func parseBinding(line string) (string, Stage, *lines.Error) {
	alias, arn, ok := strings.Cut(line, "=")
	if !ok {
		return "", Stage{}, &lines.Error{Problem: `no "=" between alias and stage`, Allowed: bindingAllowed}
	}
	alias = strings.TrimSpace(alias)
	if !isAlias(alias) {
		return "", Stage{}, &lines.Error{
			Problem: fmt.Sprintf("%.80q is not an alias", alias),
			Allowed: "an alias has 1 to 128 of a-z, A-Z, 0-9, - and _, and not only digits",
		}
	}
	s, problem := parseStage(strings.TrimSpace(arn))
	if problem != "" {
		return "", Stage{}, &lines.Error{Problem: problem, Allowed: stageAllowed}
	}
	return alias, s, nil
}

// isAlias reports whether AWS takes name for an alias. Its characters are those
// of a stage's name.
func isAlias(name string) bool {
	return namePattern.MatchString(name) && strings.Trim(name, "0123456789") != ""
}

var variablePattern = regexp.MustCompile(`^[a-zA-Z0-9_]{1,64}$`)

// CheckVariable reports whether API Gateway takes name for a stage variable.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html
func CheckVariable(name string) error {
	if !variablePattern.MatchString(name) {
		return fmt.Errorf("%.80q is not a name for a stage variable, which is 1 to 64 of a-z, A-Z, 0-9 and _", name)
	}
	return nil
}
