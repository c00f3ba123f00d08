// Package input parses the inputs of the job.
//
// table.go has every input once: its name, its default, what it means, how it is
// parsed, and how it is read from the release file. The environment (INPUT_…, as
// GitHub sets it), the flags, --help and, checked by a test, action.yml all follow that
// table. Parse reports all
// problems at once; the Input it returns needs no further check.
package input

import (
	"cmp"
	"strings"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/artifact"
	"lambda-release/internal/configuration"
	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/gateway"
	"lambda-release/internal/release"
	"lambda-release/internal/releasefile"
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
	Variables          map[string]configuration.Environment   // by short function name: to change, beside those in Configuration
	Create             map[string]release.Creation            // by short function name; a function left out must exist
	RestoreLatest      bool
	S3Bucket           string // "": packages over 50 MB are refused
	S3Prefix           string // without a slash at its ends
	WaitForProvisioned bool
	Stages             map[string]map[string][]gateway.Stage // by short function name and alias
	StageVariable      string                                // a legal name
	URLs               map[string]gateway.URL                // by short function name; a function left out keeps its URL
	CopySettingsFrom   string                                // an alias, or release.FromFunction; "": nothing is copied
	Role               string                                // ARN of the role to assume with the job's token; "": none
	RoleChain          []string                              // ARNs of roles to assume after that, each once
	TokenFile          string                                // has the job's token; "": the CI system issues it
	Audience           string                                // of the token; "": AWS's own
	ExternalID         string                                // for the last of RoleChain
	LeastPrivilege     bool                                  // limit the session of the last role
	Accounts           []string                              // that the credentials may be of; none: any
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
	OutputsFile        string        // "": none; "-": standard output, in a terminal, too
	SummaryFile        string        // "": none

	Warnings []string // about inputs that are good nevertheless
	Notices  []string // about what may be expected to count, and does not

	Print       Print  // instead of the operation
	Environment string // of GitHub, for PrintTrustPolicy; "": none
}

// Parse reads the inputs from flags, then from the environment, then from the release
// file, then from their defaults. An empty input in the environment counts as none,
// since GitHub passes inputs that are not set as empty, and so does a default, which
// the runner fills in; an empty flag is a problem. The error is an About
// or Problems. With Problems, only the files, Print and MaskAccount of the Input are set.
func Parse(args []string, getenv func(string) string) (Input, error) {
	f, err := parseFlags(args)
	if err != nil {
		return Input{}, err
	}
	r := &reader{flags: f, getenv: getenv, problems: f.problems, taken: map[string]map[string]document.Value{}}
	r.add(r.in.parsePrint(f.values)...)
	r.add(r.in.readFiles(f.values, getenv)...)
	r.findFile()
	for _, s := range table {
		if !f.refused[s.name] {
			r.read(s)
		}
	}
	r.add(r.located(r.in.crossCheck(r.problems))...)
	in := r.in
	if len(r.problems) > 0 {
		return Input{OutputsFile: in.OutputsFile, SummaryFile: in.SummaryFile, Print: in.Print, MaskAccount: in.MaskAccount}, r.problems
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

// reader reads the inputs from where they are given.
type reader struct {
	in       Input
	flags    flags
	getenv   func(string) string
	problems Problems

	found string                               // the release file in the workspace, if it counts
	file  releasefile.File                     // the zero File: none
	taken map[string]map[string]document.Value // by input and function: what the release file gives
}

func (r *reader) add(problems ...Problem) { r.problems = append(r.problems, problems...) }

// read reads an input from all places.
func (r *reader) read(s spec) {
	value, given := r.text(s.name)
	if value != "" && s.parse != nil {
		r.add(s.completed(value, s.parse(&r.in, value))...)
	}
	if s.then != nil {
		r.add(s.completed(value, s.then(r, value, given))...)
	}
	r.readFile(s, given)
}

// text is what flag or environment say about an input, or its default; given is
// whether they say anything.
func (r *reader) text(name string) (value string, given bool) {
	s, _ := inputNamed(name)
	value, given = r.flags.values[name]
	if !given {
		value = r.getenv(s.env())
	}
	value = strings.TrimSpace(value)
	given = given || value != "" && value != s.def
	return cmp.Or(value, s.def), given
}

// env is the variable in which GitHub passes the input: hyphens stay.
// https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
func (s spec) env() string {
	return "INPUT_" + strings.ToUpper(strings.ReplaceAll(s.name, " ", "_"))
}

// completed are problems with a value, with all that the table says.
func (s spec) completed(value string, problems Problems) Problems {
	for i := range problems {
		p := &problems[i]
		p.Input = s.name
		if p.Value == "" && !s.secret {
			p.Value = value
		}
		p.What, p.entry = p.inLine(), 0
		p.Allowed = cmp.Or(p.Allowed, s.allowed)
	}
	return problems
}
