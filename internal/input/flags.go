package input

import (
	"slices"
	"strings"

	"lambda-release/internal/lines"
	"lambda-release/internal/release"
)

// switches are the flags that are not inputs. They take no value. --version is an
// input as well: it is a switch only if it is the only argument.
var switches = []struct {
	name, doc string
	asks      About // what Parse returns, "" for nothing
}{
	{"help", "Shows the common flags, examples and exit codes.", ErrHelp},
	{"help-all", "Shows every flag.", ErrHelpAll},
	{"version", "Alone: shows the version of the program.", ErrVersion},
}

// flags is what the arguments say.
type flags struct {
	values   map[string]string // by input; a flag that was refused has none
	refused  map[string]bool   // inputs whose flag was refused
	asked    About             // ErrHelp or ErrHelpAll, "" for nothing
	problems Problems
}

// parseFlags reads -name VALUE, --name VALUE and --name=VALUE for every input
// of the table, like the standard library's flag package, but it reports all
// problems at once.
//
// A shell drops an empty variable without quotes, so that the next flag stands
// where the value was meant to be. A known flag is therefore never taken as the
// value of another flag; --name=VALUE takes anything that is not empty.
func parseFlags(args []string) (flags, error) {
	f := flags{values: map[string]string{}, refused: map[string]bool{}}
	if err := asksAbout(args); err != nil {
		return f, err
	}
	before := "" // the name of the flag before the argument, if it has no value
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == endOfFlags {
			for _, rest := range args {
				f.add(stray(rest, ""))
			}
			break
		}
		name, value, hasValue := splitFlag(arg)
		s, isInput := inputNamed(name)
		switch {
		case !strings.HasPrefix(arg, "-"):
			f.add(stray(arg, before))
		case isInput && (hasValue || s.kind == toggle):
			if !hasValue {
				value = "true"
			}
			f.set(s, value)
		case isInput:
			if len(args) == 0 || isKnownFlag(args[0]) {
				f.setMissing(s, args)
				break
			}
			f.set(s, args[0])
			args = args[1:]
		case isSwitch(name):
			f.turnOn(name, arg, hasValue)
		default:
			f.add(unknownFlag(strings.TrimSuffix(arg, "="+value)))
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // most likely its value
			}
		}
		if before = name; hasValue {
			before = ""
		}
	}
	if f.asked == "" || len(f.refused) > 0 { // a job must not succeed because a value is missing
		return f, nil
	}
	return f, f.asked
}

// endOfFlags ends the flags by convention. No argument may follow it, because the
// program takes none.
const endOfFlags = "--"

// splitFlag splits an argument into the name of a flag and its value. The name is
// "" if the argument is not a flag.
func splitFlag(arg string) (name, value string, hasValue bool) {
	bare, isFlag := strings.CutPrefix(arg, "-")
	if !isFlag {
		return "", "", false
	}
	name, value, hasValue = strings.Cut(strings.TrimPrefix(bare, "-"), "=")
	if name == "h" {
		name = "help"
	}
	return name, value, hasValue
}

func inputNamed(name string) (spec, bool) {
	all := slices.Concat(table, fileFlags, printFlags)
	i := slices.IndexFunc(all, func(s spec) bool { return s.name == name })
	if i < 0 {
		return spec{}, false
	}
	return all[i], true
}

func isSwitch(name string) bool {
	for _, s := range switches {
		if s.name == name {
			return true
		}
	}
	return false
}

// isKnownFlag reports whether an argument is a flag of this program, with or
// without a value.
func isKnownFlag(arg string) bool {
	name, _, _ := splitFlag(arg)
	_, isInput := inputNamed(name)
	return isInput || isSwitch(name) || arg == endOfFlags
}

func (f *flags) add(p Problem) { f.problems = append(f.problems, p) }

// set takes a value for an input. The flags of a list add up; any other may be
// given once.
func (f *flags) set(s spec, value string) {
	if strings.TrimSpace(value) == "" {
		f.refuse(s, "the flag has an empty value")
		return
	}
	old, again := f.values[s.name]
	switch {
	case again && s.kind == list:
		value = old + "\n" + value
	case again && old != value:
		f.add(Problem{Input: s.name, Value: value, What: "the flag was given before, with " + lines.Quote(old), Allowed: "give it once"})
	}
	f.values[s.name] = value
}

// setMissing refuses a flag without a value, before these arguments.
func (f *flags) setMissing(s spec, args []string) {
	if len(args) == 0 {
		f.refuse(s, "the flag has no value")
		return
	}
	f.refuse(s, "the flag has no value: after it comes the flag "+lines.Quote(args[0]))
}

// refuse refuses the flag of an input, once.
func (f *flags) refuse(s spec, what string) {
	if f.refused[s.name] {
		return
	}
	f.refused[s.name] = true
	allowed := "check the variable that the value comes from, or leave the flag out"
	if s.allowed != "" {
		allowed += "; " + s.allowed
	}
	f.add(Problem{Input: s.name, What: what, Allowed: allowed})
}

// turnOn turns on a switch.
func (f *flags) turnOn(name, arg string, hasValue bool) {
	if hasValue {
		f.add(Problem{Input: "flag", Value: arg, What: "takes no value", Allowed: "write --" + name})
		return
	}
	for _, s := range switches {
		if s.name == name && f.asked == "" {
			f.asked = s.asks
		}
	}
}

func unknownFlag(given string) Problem {
	var known []string
	for _, s := range switches {
		known = append(known, "--"+s.name)
	}
	for _, s := range slices.Concat(table, fileFlags, printFlags) {
		known = append(known, "--"+s.name)
	}
	return Problem{
		Input:   "flag",
		Value:   given,
		What:    "unknown" + lines.DidYouMean(given, known),
		Allowed: "--help-all lists all flags",
		meant:   strings.TrimPrefix(lines.Closest(given, known), "--"),
	}
}

// stray is the problem with an argument that is not a flag. before is the name of
// the flag before it.
func stray(arg, before string) Problem {
	p := Problem{Input: "argument", Value: arg, What: "belongs to no flag", Allowed: "write every value after its flag: --function-name NAME"}
	if arg == "" {
		p.What = "an empty argument belongs to no flag"
	}
	s, _ := inputNamed(before)
	switch word := strings.ToLower(arg); {
	case s.kind == toggle && slices.Contains([]string{"true", "false"}, word):
		p.Allowed = "write it with its flag: --" + before + "=" + word
	case s.kind == toggle:
		p.Allowed = "--" + before + " takes a value only after an equals sign: --" + before + "=true or --" + before + "=false"
	case slices.Contains(release.Operations(), word):
		p.Allowed = "write --operation " + word
	}
	return p
}
