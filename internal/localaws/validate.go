package localaws

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The patterns of the API reference, as in the messages of AWS.
const (
	aliasNamePattern     = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)` // A4
	versionPattern       = `(\$LATEST(\.PUBLISHED)?|[0-9]+)`
	qualifierPattern     = `\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`
	regionPattern        = `(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}`
	statementIDPattern   = `([a-zA-Z0-9-_]+)`
	actionPattern        = `(lambda:[*]|lambda:[a-zA-Z]+|[*])`
	principalPattern     = `[^\s]+`
	sourceARNPattern     = `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:(` + regionPattern + `)?:(\d{12})?:(.*)`
	accountPattern       = `\d{12}`
	organizationPattern  = `o-[a-z0-9]{10,32}`
	sourceTokenPattern   = `[a-zA-Z0-9._\-]+`
	executionNamePattern = `[a-zA-Z0-9-_]+`
	executionARNPattern  = `arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):(\$LATEST(?:\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)`
	destinationPattern   = `$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|` + sourceARNPattern
	rolePattern          = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
	handlerPattern       = `[^\s]+`
	layerPattern         = `arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+`
	resourcePattern      = `(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()`
	mountPattern         = `/mnt/[a-zA-Z0-9-_.]+`
	variablePattern      = `[a-zA-Z]([a-zA-Z0-9_])+`
	logGroupPattern      = `[\.\-_/#A-Za-z0-9]+`
)

// versionNumber matches the qualifier of a published version.
var versionNumber = regexp.MustCompile(`^[0-9]+$`)

// matchers are the patterns compiled to match the whole value.
var matchers = func() map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{aliasNamePattern: regexp.MustCompile(`^[0-9]*[a-zA-Z-_][a-zA-Z0-9-_]*$`)}
	for _, p := range []string{versionPattern, qualifierPattern, statementIDPattern, actionPattern, principalPattern, sourceARNPattern, accountPattern,
		organizationPattern, sourceTokenPattern, executionNamePattern, executionARNPattern, destinationPattern, rolePattern,
		handlerPattern, layerPattern, resourcePattern, mountPattern, variablePattern, logGroupPattern} {
		m[p] = regexp.MustCompile("^(?:" + p + ")$")
	}
	return m
}()

// validation collects the violated constraints of a request. Like AWS, an operation
// reports all of them at once, before any other error.
type validation []string

// check adds a violated constraint unless ok; value is quoted or null.
func (v *validation) check(ok bool, value, member, constraint string) {
	if !ok {
		*v = append(*v, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member, constraint))
	}
}

// length checks the number of characters of a value.
func (v *validation) length(value, member string, least, most int) {
	n := utf8.RuneCountInString(value)
	v.check(n >= least, quote(value), member, fmt.Sprintf("Member must have length greater than or equal to %d", least))
	v.check(n <= most, quote(value), member, fmt.Sprintf("Member must have length less than or equal to %d", most))
}

// pattern checks a value against one of the patterns above.
func (v *validation) pattern(value, member, pattern string) {
	v.check(matchers[pattern].MatchString(value), quote(value), member, "Member must satisfy regular expression pattern: "+pattern)
}

// between checks that a number is in a range.
func (v *validation) between(value int32, member string, least, most int32) {
	v.check(value >= least, quote(value), member, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	v.check(value <= most, quote(value), member, fmt.Sprintf("Member must have value less than or equal to %d", most))
}

// oneOf checks a value against an enumeration; "" means it was omitted.
func (v *validation) oneOf(value, member string, allowed ...string) {
	v.check(value == "" || slices.Contains(allowed, value), quote(value), member, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
}

// required checks that a value was given, and reports whether it was.
func (v *validation) required(value *string, member string) bool {
	return v.present(value != nil, member)
}

// present is required for a value of another type.
func (v *validation) present(given bool, member string) bool {
	v.check(given, "null", member, "Member must not be null")
	return given
}

// err returns the error for the violated constraints, nil if there are none.
func (v *validation) err() error { return v.as("ValidationException") }

// as is err with another error code.
func (v *validation) as(code string) error {
	switch len(*v) {
	case 0:
		return nil
	case 1:
		return &apiError{http.StatusBadRequest, code, "1 validation error detected: " + (*v)[0]}
	default:
		return &apiError{http.StatusBadRequest, code, fmt.Sprintf("%d validation errors detected: %s", len(*v), strings.Join(*v, "; "))}
	}
}

func quote(value any) string { return fmt.Sprintf("'%v'", value) }
