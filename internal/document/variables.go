package document

import (
	"fmt"
	"regexp"
	"strings"
)

// reference is what stands for a variable, and $$ for a dollar.
var reference = regexp.MustCompile(`\$\$|\$\{([a-zA-Z_][a-zA-Z0-9_]*)(?::-([^}]*))?\}|\$\{`)

// Expand replaces ${NAME}, ${NAME:-DEFAULT} and $$ in the texts of a value, and not in
// keys. A variable that is empty counts as not set. What is replaced stays a text,
// whatever it is: only a Schema that asks for a number or a boolean reads it as one. It
// is shown as it is written. Without getenv, a text with variables is Refused.
func (v Value) Expand(getenv func(string) string) (Value, Problems) {
	var problems Problems
	switch v.Kind {
	case Text:
		return v.expanded(getenv)
	case List:
		elements := make([]Value, len(v.Elements))
		for i, e := range v.Elements {
			var wrong Problems
			elements[i], wrong = e.Expand(getenv)
			problems = append(problems, wrong...)
		}
		v.Elements = elements
	case Object:
		members := make([]Member, len(v.Members))
		for i, m := range v.Members {
			var wrong Problems
			m.Value, wrong = m.Value.Expand(getenv)
			members[i] = m
			problems = append(problems, wrong...)
		}
		v.Members = members
	case Null, Bool, Number, Refused:
	}
	return v, problems
}

func (v Value) expanded(getenv func(string) string) (Value, Problems) {
	if !strings.Contains(v.Text, "$") {
		return v, nil
	}
	var problems Problems
	refuse := func(what, allowed string) { problems = append(problems, v.SecretProblem(what, allowed)) }
	unknown := false
	text := replaceAll(reference, v.Text, func(m []string) string {
		name, otherwise := m[1], m[2]
		switch {
		case m[0] == "$$":
			return "$"
		case name == "":
			allowed := "write ${NAME} or ${NAME:-DEFAULT}, and $$ for a dollar"
			if strings.Contains(v.Text, "${{") {
				allowed = "GitHub replaces ${{ … }} in workflows only: pass the value to the step in env, and write ${NAME}"
			}
			refuse("a ${ that begins no variable", allowed)
		case getenv == nil:
			unknown = true
		default:
			if value := getenv(name); value != "" {
				return value
			}
			if !strings.Contains(m[0], ":-") {
				refuse(fmt.Sprintf("the variable %s is not set, or empty", name), fmt.Sprintf("set it in the env of the step, or give it a default, which may be empty: ${%s:-}", name))
			}
		}
		return otherwise
	})
	if unknown || len(problems) > 0 {
		return Value{Kind: Refused, place: v.place}, problems
	}
	if text != v.Text {
		v.written, v.Text = v.Text, text
	}
	return v, nil
}

// replaceAll replaces each match by what f makes of it and its groups.
func replaceAll(re *regexp.Regexp, text string, f func([]string) string) string {
	var b strings.Builder
	end := 0
	for _, at := range re.FindAllStringSubmatchIndex(text, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			if at[2*i] >= 0 {
				groups[i] = text[at[2*i]:at[2*i+1]]
			}
		}
		b.WriteString(text[end:at[0]] + f(groups))
		end = at[1]
	}
	return b.String() + text[end:]
}

// Replaced reports whether variables were replaced in a text, which is then not to be
// shown.
func (v Value) Replaced() bool { return v.written != "" }
