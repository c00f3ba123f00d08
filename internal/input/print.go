package input

// Print is what is printed instead of carrying out the operation.
type Print uint8

// The policies that can be printed.
const (
	PrintNothing     Print = iota
	PrintPolicy            // what the role must be allowed
	PrintTrustPolicy       // who may assume the role
)

// printFlags are flags only: a job has no use for them, so they are no inputs of the
// action.
var printFlags = []spec{
	{
		name: "print-policy", kind: toggle,
		doc: "Prints the IAM policy that a role needs for these inputs, and calls nothing.",
	},
	{
		name: "print-trust-policy", kind: toggle,
		doc: "Prints the trust policy with which jobs of this repository (GITHUB_REPOSITORY) may assume the role, for the branches and tags of `aliases`.",
	},
	{
		name: "environment", hint: "NAME", allowed: "must be the name of a GitHub environment",
		doc: "For --print-trust-policy: the GitHub environment of the job, which then counts instead of branches and tags.",
	},
}

// parsePrint reads the printFlags.
func (in *Input) parsePrint(flags map[string]string) Problems {
	var policy, trust bool
	problems := parseToggle(&policy, flags, "print-policy")
	problems = append(problems, parseToggle(&trust, flags, "print-trust-policy")...)
	environment, given := flags["environment"]
	if trust {
		in.Print = PrintTrustPolicy
	}
	if policy {
		in.Print = PrintPolicy
	}
	if policy && trust {
		problems = append(problems, Problem{Input: "print-trust-policy", What: "conflicts with print-policy", Allowed: "print one policy at a time"})
	}
	if given && !trust {
		problems = append(problems, Problem{Input: "environment", Value: environment, What: "conflicts with the other flags", Allowed: "it is for --print-trust-policy"})
	}
	in.Environment = environment
	return problems
}

func parseToggle(b *bool, flags map[string]string, name string) Problems {
	value, given := flags[name]
	if !given {
		return nil
	}
	problems := parseBool(b, value)
	for i := range problems {
		problems[i].Input, problems[i].Value, problems[i].Allowed = name, value, "must be true or false"
	}
	return problems
}
