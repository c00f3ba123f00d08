package input

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

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

func parseErrorRate(in *Input, value string) Problems {
	number, ok := strings.CutSuffix(value, "%")
	if !ok {
		return bad("no percent sign")
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(percent) || percent <= 0 || percent >= 100 {
		return bad("not a percentage above 0 and below 100")
	}
	in.MaxErrorRate = percent / 100
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

// minJudged is the shortest step that an error rate can be measured in: CloudWatch
// has it by the minute, a minute or two late.
const minJudged = 2 * time.Minute

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
	const unwatched = "nothing would be monitored: set a strategy with steps, or bake-time"
	c.refuse("alarms", len(in.Alarms) > 0 && !watched, strings.Join(in.Alarms, ", "), "a move of all traffic at once", unwatched)
	rate := strconv.FormatFloat(in.MaxErrorRate*100, 'g', -1, 64) + "%"
	c.refuse("max-error-rate", in.MaxErrorRate > 0 && !watched, rate, "a move of all traffic at once", unwatched)
	const tooShort = "the error rate is measured by the minute and arrives late: at least 2 minutes"
	c.refuse("strategy", in.MaxErrorRate > 0 && len(strategy.Steps()) > 0 && strategy.Every < minJudged, strategy.String(), "max-error-rate", tooShort)
	c.refuse("bake-time", in.MaxErrorRate > 0 && in.BakeTime > 0 && in.BakeTime < minJudged, rollout.Duration(in.BakeTime), "max-error-rate", tooShort)
}

func (c *checks) codeDeploy(strategy rollout.Strategy) {
	in := c.in
	given := in.CodeDeploy.Application + "/" + in.CodeDeploy.Group
	c.refuse("codedeploy", len(in.Functions) > 1, given, "several functions", "a deployment group is for one function: use a job for each function")
	_, known := strategy.CodeDeployConfig()
	c.refuse("strategy", in.Strategy != nil && !known, strategy.String(), "codedeploy",
		"CodeDeploy has no deployment configuration of that name: use one of its own, such as Canary10Percent5Minutes or Linear10PercentEvery1Minute, or leave strategy empty to use the group's")
	c.refuse("alarms", len(in.Alarms) > 0, strings.Join(in.Alarms, ", "), "codedeploy", "set the alarms in the deployment group")
	c.refuse("max-error-rate", in.MaxErrorRate > 0, "", "codedeploy", "the alarms of the deployment group monitor the shift")
	c.refuse("bake-time", in.BakeTime > 0, rollout.Duration(in.BakeTime), "codedeploy", "the alarms of the deployment group monitor the shift")
}
