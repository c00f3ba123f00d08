package localaws

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The patterns of the API reference, as AWS quotes them in its messages.
const (
	aliasNamePattern   = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)` // A4
	versionPattern     = `(\$LATEST|[0-9]+)`
	qualifierPattern   = `(|[a-zA-Z0-9$_-]+)`
	statementIDPattern = `([a-zA-Z0-9-_]+)`
	actionPattern      = `(lambda:[*]|lambda:[a-zA-Z]+|[*])`
	principalPattern   = `[^\s]+`
	sourceARNPattern   = `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`
	accountPattern     = `\d{12}`
	rolePattern        = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
)

// versionNumber is a published version, as a qualifier.
var versionNumber = regexp.MustCompile(`^[0-9]+$`)

// matchers are the patterns as Go can run them, on the whole value.
var matchers = func() map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{aliasNamePattern: regexp.MustCompile(`^[0-9]*[a-zA-Z-_][a-zA-Z0-9-_]*$`)}
	for _, p := range []string{versionPattern, qualifierPattern, statementIDPattern, actionPattern, principalPattern, sourceARNPattern, accountPattern, rolePattern} {
		m[p] = regexp.MustCompile("^(?:" + p + ")$")
	}
	return m
}()

// validation gathers what is wrong with a request's values: AWS tells all of it
// at once, before it looks at anything else.
type validation []string

// check notes a constraint that the value, quoted or null, does not satisfy.
func (v *validation) check(ok bool, value, member, constraint string) {
	if !ok {
		*v = append(*v, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member, constraint))
	}
}

// length holds a value to a number of characters.
func (v *validation) length(value, member string, least, most int) {
	n := utf8.RuneCountInString(value)
	v.check(n >= least, quote(value), member, fmt.Sprintf("Member must have length greater than or equal to %d", least))
	v.check(n <= most, quote(value), member, fmt.Sprintf("Member must have length less than or equal to %d", most))
}

// pattern holds a value to one of the patterns above.
func (v *validation) pattern(value, member, pattern string) {
	v.check(matchers[pattern].MatchString(value), quote(value), member, "Member must satisfy regular expression pattern: "+pattern)
}

// between holds a number to its range.
func (v *validation) between(value int32, member string, least, most int32) {
	v.check(value >= least, quote(value), member, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	v.check(value <= most, quote(value), member, fmt.Sprintf("Member must have value less than or equal to %d", most))
}

// required tells whether there is a value to look at further.
func (v *validation) required(value *string, member string) bool {
	v.check(value != nil, "null", member, "Member must not be null")
	return value != nil
}

// err is nil when nothing was wrong.
func (v *validation) err() error { return v.as("ValidationException") }

// as is err with the code that the service has for it.
func (v *validation) as(code string) error {
	switch len(*v) {
	case 0:
		return nil
	case 1:
		return &apiError{400, code, "1 validation error detected: " + (*v)[0]}
	default:
		return &apiError{400, code, fmt.Sprintf("%d validation errors detected: %s", len(*v), strings.Join(*v, "; "))}
	}
}

func quote(value any) string { return fmt.Sprintf("'%v'", value) }
