package localaws

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The qualifiers of the unpublished version, and of the version that Lambda Managed
// Instances run (V19c).
const (
	latestVersion   = "$LATEST"
	latestPublished = "$LATEST.PUBLISHED"
)

// name is a parsed FunctionName, which may be fn, 123456789012:function:fn or
// arn:aws:lambda:REGION:ACCOUNT:function:fn, each with an optional qualifier:
// fn:prod.
type name struct {
	region    string // "" if the name omits it; likewise account
	account   string
	function  string
	qualifier string
}

// The patterns of FunctionName; the operations in namespaced have the second.
const (
	functionNamePattern   = `(arn:(aws[a-zA-Z-]*)?:lambda:)?(` + regionPattern + `:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`
	namespacedNamePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?(` + regionPattern + `:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`
)

var (
	functionName   = regexp.MustCompile("^(?:" + functionNamePattern + ")$")
	namespacedName = regexp.MustCompile("^(?:" + namespacedNamePattern + ")$")
)

// parseName parses a FunctionName. ok is false if it has none of its forms.
func parseName(s string) (n name, ok bool) {
	m := namespacedName.FindStringSubmatch(s)
	if m == nil {
		return name{}, false
	}
	return name{
		region:    strings.TrimSuffix(m[3], ":"),
		account:   strings.TrimSuffix(m[9], ":"),
		function:  m[11],
		qualifier: m[13],
	}, true
}

// partitions are the AWS partitions by the beginning of their regions' names.
var partitions = []struct{ prefix, name string }{
	{"cn-", "aws-cn"},
	{"us-gov-", "aws-us-gov"},
	{"eusc-", "aws-eusc"},
	{"us-iso-", "aws-iso"},
	{"us-isob-", "aws-iso-b"},
	{"eu-isoe-", "aws-iso-e"},
	{"us-isof-", "aws-iso-f"},
}

// partition returns the AWS partition of a region.
func partition(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
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

// namespaced are the operations whose FunctionName has the longer pattern.
var namespaced = []string{"GetFunction", "GetFunctionConfiguration", "DeleteFunction", "Invoke", "ListVersionsByFunction", "AddPermission", "GetPolicy", "RemovePermission",
	"PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig", "GetFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig", "ListFunctionEventInvokeConfigs",
	"CreateEventSourceMapping", "UpdateEventSourceMapping", "ListEventSourceMappings", "ListDurableExecutionsByFunction"}

// target resolves the FunctionName and Qualifier parameters of a call.
func (s *store) target(in *incoming, operation, given, qualifier string) (target, error) {
	n, _ := parseName(given)
	matcher, pattern, most := functionName, functionNamePattern, 140
	if slices.Contains(namespaced, operation) {
		matcher, pattern, most = namespacedName, namespacedNamePattern, 256
	}
	var v validation
	v.check(matcher.MatchString(given), quote(given), "functionName", "Member must satisfy regular expression pattern: "+pattern)
	v.length(given, "functionName", 1, most)
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
			"User: arn:" + partition(in.region) + ":iam::" + s.account + ":user/localaws is not authorized to perform: " + lambdaAction(operation) +
				" on resource: " + functionARN(in.region, n.account, n.function, qualifier) +
				" because no resource-based policy allows the " + lambdaAction(operation) + " action"}
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
