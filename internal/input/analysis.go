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
	given, none := len(in.Analysis) > 0, in.Analysis != nil && len(in.Analysis) == 0
	span := strategy.Duration() + in.BakeTime
	with := fmt.Sprintf("steps and bake-time of %s together", rollout.Duration(span))
	if len(relative) > 0 || !given { // which compares by default
		span, with = strategy.Duration(), "strategy "+strategy.String()
	}
	if span == 0 {
		with = "a move of all traffic at once"
	}
	instead := fmt.Sprintf("or use a limit, such as %s, with bake-time", strings.Join(limits, " or "))
	switch {
	case none || !given && in.AnalysisDelay == 0:
	case len(relative) > 0 && span == 0:
		c.refuse("analysis", true, written(relative), with,
			"this compares with the version that is replaced while both serve: set a strategy with steps, "+instead)
	case len(relative) > 0 && span < minAnalysed:
		c.refuse("analysis", true, written(relative), with,
			"this compares with the version that is replaced, by the minute: the steps must take at least 2 minutes together; "+instead)
	case given && span == 0:
		c.refuse("analysis", true, written(in.Analysis), with, unwatched)
	case given && span < minAnalysed:
		c.refuse("analysis", true, written(in.Analysis), with, "metrics are by the minute and arrive late: at least 2 minutes are needed")
	case span < minAnalysed:
		c.refuse("analysis-delay", true, rollout.Duration(in.AnalysisDelay), with, "nothing would be analysed: leave it empty")
	default:
		c.refuse("analysis-delay", in.AnalysisDelay > 0 && span-in.AnalysisDelay < minAnalysed, rollout.Duration(in.AnalysisDelay), with,
			"metrics are by the minute and arrive late: at least 2 minutes must be left to analyse")
	}
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
