package report

import (
	"errors"
	"fmt"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

// statusScenario is a status of four functions: one with ten aliases in every state,
// one without any, one of which little is readable, and one that is missing.
func statusScenario() release.Result {
	deadline := time.Date(2026, 11, 23, 10, 20, 0, 0, time.UTC)
	state := func(at alias.Position, description string) alias.State {
		text, history := alias.ReadDescription(description)
		return alias.State{Position: at, Text: text, History: history}
	}
	weighted := func(v, other alias.Version) alias.Position {
		return alias.Position{Version: v, Weights: map[alias.Version]float64{other: 0.1}}
	}
	same := release.Comparison{Known: true, SameCode: true, SameConfiguration: true}
	differs := release.Comparison{Known: true, Differences: []string{"code 93kDBi+pdc2N… -> +wTctpcOTD0Y…", "environment +TOKEN ~MODE"}}
	var aliases []release.AliasStatus
	for _, a := range []release.AliasStatus{
		{Name: "canary", State: state(weighted(11, 12), "[11 < 10 | shifting to 12 until 2026-11-23T10:20Z | run 4730]"), Shift: &release.ShiftStatus{To: 12, Until: deadline}, Latest: differs},
		{Name: "deployed", State: state(at(11), "[11 | codedeploy d-ABC123DEF to 12 | run 4731]"), Shift: &release.ShiftStatus{To: 12, Deployment: "d-ABC123DEF", Status: "InProgress"}, Latest: differs},
		{Name: "dev", State: state(at(alias.Latest), "[$LATEST < 12 | run 4740]"), Latest: same},
		{Name: "frozen", State: state(at(11), "[11 | run 4720]"), Lock: &alias.Lock{State: alias.Locked, Reason: "incident\n| 7", Until: deadline, By: alias.Run{ID: 4741}}, Latest: differs},
		{Name: "held", State: state(at(10), "[10 < 7 | left 12 | run 4720]"), Latest: differs},
		{Name: "killed", State: state(weighted(11, 12), "[11 | shifting to 12 until 2026-11-23T10:20Z | run 4730]"), Shift: &release.ShiftStatus{To: 12, Until: deadline, Overdue: true}, Latest: differs},
		{Name: "moved", State: state(at(7), "[11 < 10 < 9 < 8 < 6 | run 55 at git.example.com]"), Commit: "1a2b3c4", Latest: differs},
		{Name: "next", State: state(at(12), ""), Latest: same},
		{
			Name: "prod", State: state(at(11), "live [11 < 10 < 9 < 8 < 6 | run 4711]"), Commit: "2b3c4d5", Latest: differs,
			URL:      "https://abc.lambda-url.eu-central-1.on.aws/",
			Settings: []string{"function URL https://abc.lambda-url.eu-central-1.on.aws/: public", "provisioned concurrency: 5, 5 available, READY", "event source: orders, Enabled"},
		},
		{Name: "weights", State: state(weighted(11, 12), "[11 | run 4711]"), Latest: differs},
	} {
		a.Outside = a.State.Outside()
		aliases = append(aliases, a)
	}
	one := func(name string, status release.Status, i *release.Inspection) release.Outcome {
		return release.Outcome{Function: name, Status: status, Inspection: i, FunctionARN: arn + name, Region: "eu-central-1"}
	}
	items := one("ItemsFunction", release.Drifted, &release.Inspection{
		Latest:   &release.Latest{CodeSHA256: "+wTctpcOTD0Yc95R/VpQ17tGszgxE2AmZcNQ7EC1+ZA=", Modified: deadline},
		Versions: &release.Stock{Count: 12, Bytes: 103_200_000, SnapStart: 3, Keep: 3, Prune: 4, PruneBytes: 31_000_000},
		Aliases:  aliases,
	})
	for _, a := range aliases {
		if a.Outside != "" {
			items.Reason = join("; ", items.Reason, fmt.Sprintf("%s is %s", a.Name, a.Outside))
		}
	}
	items.Warnings = []string{"the traffic shift of killed to 12 by run 4730 should have ended at 2026-11-23T10:20Z: its run was probably killed"}
	denied := one("orders", release.Unchanged, &release.Inspection{
		Aliases:    []release.AliasStatus{{Name: "prod", State: state(at(1), "[1 | run 4700]")}},
		Unreadable: []string{"$LATEST", "function URLs"},
	})
	denied.Warnings = []string{"what the role may not read is not shown\n" + deniedHint}
	missing := one("payments", release.Failed, nil)
	missing.Err = errors.New("ListAliases payments: ResourceNotFoundException: Function not found: " + arn + "payments")
	missing.After, missing.Before = alias.Position{Unknown: true}, alias.Position{Unknown: true}
	return release.Result{
		Operation: release.ReadStatus, Elapsed: time.Second,
		Outcomes: []release.Outcome{one("carts", release.Unchanged, &release.Inspection{Versions: &release.Stock{Keep: 3}}), items, denied, missing},
	}
}
