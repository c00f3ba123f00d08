package localaws

import (
	"net/http"
	"regexp"
	"strings"
)

// latestVersion is the qualifier of the unpublished version.
const latestVersion = "$LATEST"

// name is a parsed FunctionName, which may be fn, 123456789012:function:fn or
// arn:aws:lambda:REGION:ACCOUNT:function:fn, each with an optional qualifier:
// fn:prod.
type name struct {
	region    string // "" if the name omits it; likewise account
	account   string
	function  string
	qualifier string
}

const functionNamePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`

var functionName = regexp.MustCompile("^(?:" + functionNamePattern + ")$")

// parseName parses a FunctionName. ok is false if it has none of its forms.
func parseName(s string) (n name, ok bool) {
	m := functionName.FindStringSubmatch(s)
	if m == nil {
		return name{}, false
	}
	return name{
		region:    strings.TrimSuffix(m[3], ":"),
		account:   strings.TrimSuffix(m[8], ":"),
		function:  m[10],
		qualifier: m[12],
	}, true
}

// partition returns the AWS partition of a region.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// functionARN returns a function's ARN, unqualified if qualifier is "".
func functionARN(region, account, function, qualifier string) string {
	arn := "arn:" + partition(region) + ":lambda:" + region + ":" + account + ":function:" + function
	return qualified(arn, qualifier)
}

// qualified appends a qualifier, unless it is "", to a function's ARN.
func qualified(arn, qualifier string) string {
	if qualifier == "" {
		return arn
	}
	return arn + ":" + qualifier
}

// target is the function, and the version or alias, that a call names.
type target struct {
	function  string
	arn       string // unqualified
	qualifier string // "" if the call names none
}

// target resolves the FunctionName and Qualifier parameters of a call.
func (s *store) target(in *incoming, operation, functionName, qualifier string) (target, error) {
	n, ok := parseName(functionName)
	var v validation
	v.check(ok, quote(functionName), "functionName", "Member must satisfy regular expression pattern: "+functionNamePattern)
	v.length(functionName, "functionName", 1, 140)
	if qualifier != "" {
		v.length(qualifier, "qualifier", 1, 128)
		v.pattern(qualifier, "qualifier", qualifierPattern)
	}
	if err := v.err(); err != nil {
		return target{}, err
	}
	if n.qualifier != "" && qualifier != "" && n.qualifier != qualifier {
		return target{}, invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier == "" {
		qualifier = n.qualifier
	}
	if n.region != "" && n.region != in.region {
		return target{}, notFound("Functions from '%s' are not reachable in this region ('%s')", n.region, in.region)
	}
	if n.account != "" && n.account != s.account {
		return target{}, &apiError{http.StatusForbidden, "AccessDeniedException",
			"User: arn:" + partition(in.region) + ":iam::" + s.account + ":user/localaws is not authorized to perform: lambda:" + operation +
				" on resource: " + functionARN(in.region, n.account, n.function, qualifier) +
				" because no resource-based policy allows the lambda:" + operation + " action"}
	}
	return target{n.function, functionARN(in.region, s.account, n.function, ""), qualifier}, nil
}

// find returns the target's function.
func (s *store) find(t target) (*function, error) {
	f := s.function(t.arn)
	if f == nil {
		return nil, notFound("Function not found: %s", qualified(t.arn, t.qualifier))
	}
	return f, nil
}
