package input

import (
	"slices"
	"strings"
)

// parseFlags reads -name VALUE, --name VALUE and --name=VALUE for every input
// of the table, like the standard library's flag package. That one stops at the
// first unknown argument; this one goes on, so that all problems are reported at
// once. The error is ErrHelp or ErrVersion, whichever flag comes first.
func parseFlags(args []string) (map[string]string, Problems, error) {
	values := map[string]string{}
	var problems Problems
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			continue
		}
		name, isFlag := strings.CutPrefix(arg, "-")
		if !isFlag {
			problems = append(problems, stray(arg))
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		switch name {
		case "h", "help":
			return nil, nil, ErrHelp
		case "version":
			// With a value it is the input of that name.
			if !hasValue && (len(args) == 0 || strings.HasPrefix(args[0], "-")) {
				return nil, nil, ErrVersion
			}
		}
		known := slices.Concat(table, printFlags)
		i := slices.IndexFunc(known, func(s spec) bool { return s.name == name })
		if i < 0 {
			problems = append(problems, unknownFlag(name))
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // most likely its value
			}
			continue
		}
		switch s := known[i]; {
		case hasValue:
		case s.kind == toggle:
			value = "true"
		case len(args) == 0:
			problems = append(problems, Problem{Input: name, What: "the flag has no value", Allowed: s.allowed})
			continue
		default:
			value, args = args[0], args[1:]
		}
		if old, ok := values[name]; ok && known[i].kind == list {
			value = old + "\n" + value
		}
		values[name] = value
	}
	return values, problems, nil
}

func unknownFlag(name string) Problem {
	known := []string{"--help", "--version"}
	for _, s := range slices.Concat(table, printFlags) {
		known = append(known, "--"+s.name)
	}
	given := "--" + name
	return Problem{
		Input:   "flag",
		Value:   given,
		What:    "unknown" + didYouMean(given, known),
		Allowed: "--help lists all flags",
	}
}

func stray(arg string) Problem {
	allowed := "write every value after its flag: --function-name NAME"
	if arg := strings.ToLower(arg); arg == "true" || arg == "false" {
		allowed = "write it with its flag: --dry-run=" + arg
	}
	return Problem{Input: "argument", Value: arg, What: "belongs to no flag", Allowed: allowed}
}
