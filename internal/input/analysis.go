package input

import (
	"fmt"
	"strings"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/rollout"
)

func parseAnalysis(in *Input, value string) Problems {
	checks, err := analysis.Parse(value)
	if err != nil {
		return problemsOf(err)
	}
	in.Analysis = checks
	return nil
}

// minAnalysed is the shortest time that metrics say something about: CloudWatch has
// them by the minute, a minute or two late.
const minAnalysed = 2 * time.Minute

// analyseByDefault compares the errors, if nothing was given and it can be done.
func (in *Input) analyseByDefault() {
	if in.Analysis == nil && in.CodeDeploy == nil && in.Strategy != nil && in.Strategy.Duration() >= minAnalysed {
		in.Analysis, in.AnalysisByDefault = []analysis.Check{{Subject: analysis.Errors}}, true
	}
}

// analysis checks the analysis against the time that there is for it.
func (c *checks) analysis(strategy rollout.Strategy) {
	in := c.in
	if c.alreadyReported("strategy") || c.alreadyReported("bake-time") || c.alreadyReported("analysis") {
		return
	}
	var relative []analysis.Check
	var limits []string // to use instead
	for _, check := range in.Analysis {
		if check.Relative() {
			relative = append(relative, check)
			limits = append(limits, asLimit(check))
		}
	}
	shift, total := strategy.Duration(), strategy.Duration()+in.BakeTime
	instead := fmt.Sprintf("or use a limit, such as %s, with bake-time", strings.Join(limits, " or "))
	switch {
	case len(relative) > 0 && shift == 0:
		c.refuse("analysis", true, written(relative), "a move of all traffic at once",
			"this compares with the version that is replaced while both serve: set a strategy with steps, "+instead)
	case len(relative) > 0 && shift < minAnalysed:
		c.refuse("analysis", true, written(relative), "strategy "+strategy.String(),
			"this compares with the version that is replaced, by the minute: the steps must take at least 2 minutes together; "+instead)
	case len(in.Analysis) > 0 && total == 0:
		c.refuse("analysis", true, written(in.Analysis), "a move of all traffic at once", unwatched)
	case len(in.Analysis) > 0 && total < minAnalysed:
		c.refuse("analysis", true, written(in.Analysis), fmt.Sprintf("steps and bake-time of %s together", rollout.Duration(total)),
			"metrics are by the minute and arrive late: at least 2 minutes are needed")
	}
	if none := in.Analysis != nil && len(in.Analysis) == 0; in.AnalysisDelay == 0 || none {
		return
	}
	time, with, advice := shift, "the steps of "+rollout.Duration(shift), "it must be shorter"
	switch {
	case total == 0:
		with, advice = "a move of all traffic at once", "leave it empty"
	case shift == 0:
		time, with = in.BakeTime, "bake-time of "+rollout.Duration(in.BakeTime)
	}
	c.refuse("analysis-delay", in.AnalysisDelay >= time, rollout.Duration(in.AnalysisDelay), with, "nothing would be analysed: "+advice)
}

// asLimit is a limit of the same as a relative check.
func asLimit(c analysis.Check) string {
	limit := analysis.Limit{Value: 1}
	if c.Subject == analysis.Duration {
		limit.Value = 800
	}
	c.Limit = &limit
	return c.String()
}

// written are checks on one line.
func written(all []analysis.Check) string {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.String()
	}
	return strings.Join(texts, ", ")
}
