package input

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"lambda-release/internal/document"
	"lambda-release/internal/lines"
	"lambda-release/internal/rollout"
)

// CodeDeploy is the deployment group that runs the traffic shift.
type CodeDeploy struct{ Application, Group string }

func parseStrategy(in *Input, value string) Problems {
	s, err := rollout.ParseStrategy(value)
	if err != nil {
		if wrong, ok := errors.AsType[*rollout.StrategyError](err); ok {
			return bad(wrong.Problem)
		}
		return bad(err.Error())
	}
	in.Strategy = &s
	return nil
}

func parseAlarms(in *Input, value string) Problems {
	var problems Problems
	for _, name := range lines.Verbatim(value) {
		if slices.Contains(in.Alarms, name) {
			problems = append(problems, Problem{Value: name, What: "given twice"})
			continue
		}
		in.Alarms = append(in.Alarms, name)
	}
	return problems
}

// readAlarms reads alarms of the release file. The job watches those of all functions
// that it releases, or those of the input.
func readAlarms(in *Input, of ofFunction) document.Problems {
	if of.given {
		return nil
	}
	for _, name := range textsOf(of.Value) {
		if !slices.Contains(in.Alarms, name) {
			in.Alarms = append(in.Alarms, name)
		}
	}
	return nil
}

func parseMinInvocations(in *Input, value string) Problems {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return bad("not a whole number from 1")
	}
	in.MinInvocations = n
	return nil
}

func parseCodeDeploy(in *Input, value string) Problems {
	application, group, ok := strings.Cut(value, "/")
	if !ok || application == "" || group == "" || strings.Contains(group, "/") {
		return bad("not an application and a deployment group")
	}
	in.CodeDeploy = &CodeDeploy{application, group}
	return nil
}

const unwatched = "nothing would be monitored: set a strategy with steps, or bake-time"

// rollout checks the inputs of a rollout against each other.
func (c *checks) rollout() {
	in := c.in
	var strategy rollout.Strategy
	if in.Strategy != nil {
		strategy = *in.Strategy
	}
	watched := len(strategy.Steps()) > 0 || in.BakeTime > 0 || c.alreadyReported("strategy") || c.alreadyReported("bake-time") || c.alreadyReported("codedeploy")
	if in.ExpectGiven != "" && in.SmokeTest == nil {
		c.needs("smoke-test", "smoke-test-expect checks the answer to it: give a payload, for example {}")
	}
	if in.CodeDeploy != nil {
		c.codeDeploy(strategy)
		return
	}
	c.refuse("alarms", len(in.Alarms) > 0 && !watched, strings.Join(in.Alarms, ", "), "a move of all traffic at once", unwatched)
	c.analysis(strategy)
}

func (c *checks) codeDeploy(strategy rollout.Strategy) {
	in := c.in
	given := in.CodeDeploy.Application + "/" + in.CodeDeploy.Group
	c.refuse("codedeploy", len(in.Functions) > 1, given, "several functions", "a deployment group is for one function: use a job for each function")
	_, known := strategy.CodeDeployConfig()
	c.refuse("strategy", in.Strategy != nil && !known, strategy.String(), "codedeploy",
		"CodeDeploy has no deployment configuration of that name: use one of its own, such as Canary10Percent5Minutes or Linear10PercentEvery1Minute, or leave strategy empty to use the group's")
	c.refuse("alarms", len(in.Alarms) > 0, strings.Join(in.Alarms, ", "), "codedeploy", "set the alarms in the deployment group")
	c.refuse("analysis", len(in.Analysis) > 0, written(in.Analysis), "codedeploy", "only CodeDeploy knows the steps: set alarms in the deployment group, or use hooks")
	c.refuse("analysis-delay", in.AnalysisDelay > 0, rollout.Duration(in.AnalysisDelay), "codedeploy", "nothing is analysed: leave it empty")
	c.refuse("bake-time", in.BakeTime > 0, rollout.Duration(in.BakeTime), "codedeploy", "the alarms of the deployment group monitor the shift")
}
