// Package input parses the inputs of the job.
//
// table.go has every input once: its name, its default, what it means and how
// it is parsed. The environment (INPUT_…, as GitHub sets it), the flags, --help
// and, checked by a test, action.yml all follow that table. Parse reports all
// problems at once; the Input it returns needs no further check.
package input

import (
	"strings"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/artifact"
	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
	"lambda-release/internal/gateway"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
	"lambda-release/internal/rules"
)

// Input is what the job should do.
type Input struct {
	Functions          []function.ID      // no short name twice
	Globs              []function.Pattern // of functions; there is at least one function or glob
	Rules              rules.Rules        // `aliases`
	Alias              string             // passes rules.CheckAlias; "": Rules decide
	Ref                string             // in a form that rules.ParseRef takes; "": the event's
	IfNoMatch          string             // warn, ignore or error
	Operation          release.Operation
	Version            int64             // `version` as a number; 0: not given as one
	VersionOf          string            // `version` as the name of an alias, for Promote
	Commit             string            // `version` as a commit: 7 hex digits, in lower case
	KeepVersions       int               // 3 or more; 0: nothing is deleted
	KeepDays           int               // 1 to 3650; 0: age does not count. Not without KeepVersions
	SmokeTest          release.Smoke     // no name twice in the cases of a function
	ExpectGiven        string            // `smoke-test-expect`, which is in the cases of SmokeTest
	Hooks              release.Hooks     // a function left out has none
	Strategy           *rollout.Strategy // nil: not given
	BakeTime           time.Duration     // at most 24 h
	Alarms             []string          // no name twice
	Analysis           []analysis.Check  // of the metrics; of a rollout that moves no alias without effect
	AnalysisByDefault  bool              // nothing was given
	AnalysisDelay      time.Duration     // less than the shift takes; without one, than the bake time
	OnInconclusive     string            // continue or rollback
	MinInvocations     int               // 1 or more
	CodeDeploy         *CodeDeploy       // nil: this job shifts the traffic
	CodeDeployWait     bool
	Code               map[string]artifact.Source             // by short function name
	Configuration      map[string]configuration.Configuration // by short function name
	RestoreLatest      bool
	S3Bucket           string // "": packages over 50 MB are refused
	S3Prefix           string // without a slash at its ends
	WaitForProvisioned bool
	Stages             map[string][]gateway.Stage // by alias
	StageVariable      string                     // a legal name
	FunctionURL        string                     // iam or public; "": none
	CopySettingsFrom   string                     // an alias, or release.FromFunction; "": nothing is copied
	Role               string                     // ARN of the role to assume with the job's token; "": none
	RoleChain          []string                   // ARNs of roles to assume after that, each once
	TokenFile          string                     // has the job's token; "": the CI system issues it
	Audience           string                     // of the token; "": AWS's own
	ExternalID         string                     // for the last of RoleChain
	LeastPrivilege     bool                       // limit the session of the last role
	Accounts           []string                   // that the credentials may be of; none: any
	MaskAccount        bool
	SessionName        string            // "": made from the run
	SessionTime        time.Duration     // 15 minutes to 12 hours
	Description        string            // one line, at most 256 characters
	AliasDescription   *string           // one line, at most 160 characters; nil: kept
	CodeSHA256         map[string]string // short function name -> base64 SHA-256; a function left out is not guarded
	Reason             string            // of a lock, as alias.LockReason makes it, at most 60 characters
	LockFor            time.Duration     // at most 720 h; 0: until it is unlocked
	ClearWeights       bool
	DryRun             bool
	ExitCode           bool          // of status: changes from outside fail the job
	Region             string        // `aws-region`, else the one that the functions' ARNs name, else ""
	Timeout            time.Duration // more than 0, at most 24 h
	Outputs            bool          // print the outputs in a terminal, too

	Warnings []string // about inputs that are good nevertheless

	Print       Print  // instead of the operation
	Environment string // of GitHub, for PrintTrustPolicy; "": none
}

// Parse reads the inputs from flags, then from the environment, then from
// their defaults. An empty input in the environment counts as none, since GitHub
// passes inputs that are not set as empty; an empty flag is a problem. The error is
// ErrHelp, ErrHelpAll, ErrVersion or Problems. With Problems, only Outputs and
// Print of the Input are set.
func Parse(args []string, getenv func(string) string) (Input, error) {
	f, err := parseFlags(args)
	if err != nil {
		return Input{}, err
	}
	in := Input{Outputs: f.outputs}
	problems := f.problems
	problems = append(problems, in.parsePrint(f.values)...)
	for _, s := range table {
		if f.refused[s.name] {
			continue
		}
		value, ok := f.values[s.name]
		if !ok {
			value = getenv(s.env())
		}
		value = strings.TrimSpace(value)
		if value == "" {
			value = s.def
		}
		if value == "" && in.Print == PrintTrustPolicy { // which is for no function
			continue
		}
		problems = append(problems, s.read(&in, value)...)
	}
	problems = append(problems, in.crossCheck(problems)...)
	if len(problems) > 0 {
		return Input{Outputs: f.outputs, Print: in.Print}, problems
	}
	if in.KeepDays != 0 && in.KeepVersions == 0 {
		in.KeepVersions = minKeep
	}
	if in.S3Bucket != "" && in.S3Prefix == "" {
		in.S3Prefix = defaultPrefix
	}
	in.analyseByDefault()
	return in, nil
}

// env is the variable in which GitHub passes the input: hyphens stay.
// https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
func (s spec) env() string {
	return "INPUT_" + strings.ToUpper(strings.ReplaceAll(s.name, " ", "_"))
}

// read parses value into in, and completes Problems from the table.
func (s spec) read(in *Input, value string) Problems {
	if value == "" {
		if s.required {
			return Problems{{Input: s.name, What: "missing", Allowed: s.allowed}}
		}
		return nil
	}
	problems := s.parse(in, value)
	for i := range problems {
		p := &problems[i]
		p.Input = s.name
		if p.Value == "" && !s.secret {
			p.Value = value
		}
		if p.Allowed == "" {
			p.Allowed = s.allowed
		}
	}
	return problems
}
