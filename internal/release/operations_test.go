package release_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

func (w *world) promote(req release.Request, names ...string) release.Result {
	return w.do(release.Promote, req, names...)
}

func (w *world) rollback(req release.Request, names ...string) release.Result {
	return w.do(release.Rollback, req, names...)
}

func (w *world) prune(req release.Request, names ...string) release.Result {
	return w.do(release.Prune, req, names...)
}

func (w *world) do(op release.Operation, req release.Request, names ...string) release.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	return w.releaser(time.Minute).Run(ctx, as(op, on(req, names...)))
}

// versions publishes so many versions of new code, long ago.
func (w *world) versions(fn string, n int) {
	for i := range n {
		w.Upload(fn, fmt.Sprintf("code %d", i))
		w.Publish(fn, fmt.Sprintf("version %d", i+1))
	}
	w.Age(fn, 2*time.Hour)
}

func to(id uint64, v version) release.Request {
	req := run(id)
	req.Version = v
	return req
}

// The story that peers get wrong: versions 1 to 6 were on dev, prod knew only
// some of them.
func TestRollbackGoesWhereProdWasAndNotToTheNextLowerNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 6)
	ended(t, w.promote(to(10, 2), "items"), release.Promoted, 2)
	ended(t, w.promote(to(11, 5), "items"), release.Promoted, 5)
	w.at("items", "prod", "5", "[5 < 2 | run 11]")

	o := ended(t, w.rollback(run(12), "items"), release.RolledBack, 2)
	if o.Before.Version != 5 || o.Reason != "left 5" {
		t.Errorf("%+v", o)
	}
	w.at("items", "prod", "2", "[2 | left 5 | run 12]")

	o = ended(t, w.rollback(run(13), "items"), release.Failed, none)
	if o.Err == nil || !strings.Contains(o.Err.Error(), "its history has nothing before that") {
		t.Errorf("error: %v", o.Err)
	}
	if !strings.Contains(o.Hint, "\n6  20") || !strings.Contains(o.Hint, "version 5") || strings.Index(o.Hint, "\n6") > strings.Index(o.Hint, "\n1") {
		t.Errorf("hint does not list the versions, newest first:\n%s", o.Hint)
	}
	w.at("items", "prod", "2", "[2 | left 5 | run 12]")

	ended(t, w.promote(to(14, 6), "items"), release.Promoted, 6)
	w.at("items", "prod", "6", "[6 < 2 | run 14]")
	ended(t, w.rollback(run(15), "items"), release.RolledBack, 2)
	w.at("items", "prod", "2", "[2 | left 6 | run 15]")
}

func TestRollbackTwiceByOneRunGoesBackOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 12)
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "12", Description: "[12 < 10 < 7 | run 100]"})
	ended(t, w.rollback(run(110), "items"), release.RolledBack, 10)
	w.at("items", "prod", "10", "[10 < 7 | left 12 | run 110]")

	again := run(110)
	again.Run.Attempt = 2
	if o := ended(t, w.rollback(again, "items"), release.Unchanged, 10); o.Changed() || !strings.Contains(o.Reason, "rolled back from 12 already") {
		t.Errorf("%+v", o)
	}
	w.at("items", "prod", "10", "[10 < 7 | left 12 | run 110]")

	ended(t, w.rollback(run(111), "items"), release.RolledBack, 7)
	w.at("items", "prod", "7", "[7 | left 12 | run 111]")
	ended(t, w.release(run(112), "items"), release.Held, 12)

	// A release and a rollback in one run: the rollback is of that release.
	w.Upload("items", "13")
	ended(t, w.release(run(113), "items"), release.Released, 13)
	ended(t, w.rollback(run(113), "items"), release.RolledBack, 7)
	w.at("items", "prod", "7", "[7 | left 13 | run 113]")
	// A promotion to an older version keeps in mind what was left, and by whom.
	ended(t, w.promote(to(113, 10), "items"), release.Promoted, 10)
	w.at("items", "prod", "10", "[10 < 7 | left 13 | run 113]")
}

func TestHeldUntilSomethingNewIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 3)
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "3", Description: "[3 < 2 | run 1]"})
	ended(t, w.rollback(run(2), "items"), release.RolledBack, 2)
	ended(t, w.release(run(3), "items"), release.Held, 3)
	w.at("items", "prod", "2", "[2 | left 3 | run 2]")
	w.Upload("items", "4")
	ended(t, w.release(run(4), "items"), release.Released, 4)
	w.at("items", "prod", "4", "[4 < 2 | run 4]")

	// Held, and promoted after all.
	ended(t, w.rollback(run(5), "items"), release.RolledBack, 2)
	ended(t, w.promote(to(6, 4), "items"), release.Promoted, 4)
	w.at("items", "prod", "4", "[4 < 2 | run 6]")
	ended(t, w.release(run(7), "items"), release.Unchanged, 4)
}

func TestRollbackRefusesToGuess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 6)
	for _, tt := range []struct{ description, says string }{
		{"", "holds no history"},
		{"a person's text", "holds no history"},
		{"[5 < 2 | run 1]", "it is at 4, and lambda-release had moved it to 5"},
		{"[4 | run 1]", "has nothing before that"},
		{"[4 < $LATEST | run 1]", "has nothing before that"},
	} {
		before := localaws.Alias{Name: "prod", Version: "4", Description: tt.description}
		w.SetAlias("items", before)
		o := ended(t, w.rollback(run(9), "items"), release.Failed, none)
		if o.Err == nil || !strings.Contains(o.Err.Error(), tt.says) || !strings.Contains(o.Hint, "newest first") {
			t.Errorf("%q: error %v, hint %q", tt.description, o.Err, o.Hint)
		}
		w.at("items", "prod", "4", tt.description)
	}
	// Named outright, any of them will do; what another run did is history.
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "4", Description: "[5 < 2 | run 1]"})
	ended(t, w.rollback(to(9, 3), "items"), release.RolledBack, 3)
	w.at("items", "prod", "3", "[3 < 5 < 2 | left 4 | run 9]")

	other := newWorld(t, localaws.Options{})
	other.AddFunction("items")
	other.Publish("items", "")
	other.SetAlias("items", localaws.Alias{Name: "dev", Version: "1"})
	o := ended(t, other.rollback(run(9), "items"), release.Failed, none)
	if o.Err == nil || !strings.Contains(o.Err.Error(), "no such alias") || !strings.HasSuffix(o.Hint, ": dev.") {
		t.Errorf("error: %v", o.Err)
	}
}

func TestRollbackClearsWeights(t *testing.T) {
	t.Parallel()
	soon := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04Z")
	for _, tt := range []struct {
		name        string
		alias       localaws.Alias
		version     version
		description string
	}{
		{
			"a shift of ours: its start is what was before",
			localaws.Alias{Version: "3", Description: "[3 < 2 | shifting to 4 until " + soon + " | run 8]", Weights: map[string]float64{"4": 0.1}},
			3, "[3 < 2 | left 4 | run 9]",
		},
		{
			"a shift from outside to a newer version, no history needed",
			localaws.Alias{Version: "3", Description: "canary", Weights: map[string]float64{"4": 0.1}},
			3, "canary [3 | left 4 | run 9]",
		},
		{
			"the rest of a move that AWS makes gradually",
			localaws.Alias{Version: "3", Description: "[3 < 2 | run 8]", Weights: map[string]float64{"2": 0.9}},
			2, "[2 | left 3 | run 9]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, localaws.Options{})
			w.AddFunction("items")
			w.versions("items", 4)
			tt.alias.Name = "prod"
			w.SetAlias("items", tt.alias)
			ended(t, w.rollback(run(9), "items"), release.RolledBack, tt.version)
			w.at("items", "prod", tt.version.String(), tt.description)
		})
	}
}

func TestRollbackSkipsVersionsThatAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 6)
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "6", Description: "[6 < 5 < 2 | run 1]"})
	if err := w.releaser(time.Minute).AWS.DeleteVersion(t.Context(), function.ID{Name: "items", Given: "items"}, "5"); err != nil {
		t.Fatal(err)
	}
	o := ended(t, w.rollback(run(2), "items"), release.RolledBack, 2)
	if len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "version 5") {
		t.Errorf("warnings: %q", o.Warnings)
	}
	w.at("items", "prod", "2", "[2 | left 6 | run 2]")
}

func TestPromoteFromAnAlias(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Latency: 50 * time.Millisecond})
		w.AddFunction("items")
		w.versions("items", 3)
		w.SetAlias("items", localaws.Alias{Name: "dev", Version: "3"})
		w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
		req := run(2)
		req.From = "dev"
		w.ResetCalls()
		o := ended(t, w.promote(req, "items"), release.Promoted, 3)
		if o.Reason != "the version of dev" || o.Others["dev"].Version != 3 {
			t.Errorf("%+v", o)
		}
		w.at("items", "prod", "3", "[3 < 1 | run 2]")
		if got, want := sorted(w.Calls()), "GetAlias GetFunction ListAliases UpdateAlias"; got != want || roundTrips(w.Calls()) != 3 {
			t.Errorf("%s in %d round trips, want %s in 3", got, roundTrips(w.Calls()), want)
		}

		w.ResetCalls()
		ended(t, w.rollback(run(3), "items"), release.RolledBack, 1)
		if got, want := w.operations(), "ListAliases GetFunction UpdateAlias GetAlias"; got != want {
			t.Errorf("rollback: %s, want %s", got, want)
		}

		back := ended(t, w.promote(to(4, 3), "items"), release.Promoted, 3)
		if back.Reason != "" {
			t.Errorf("reason %q", back.Reason)
		}
		if o := ended(t, w.promote(to(5, 2), "items"), release.Promoted, 2); o.Reason != "backwards, from 3 to 2" {
			t.Errorf("reason %q", o.Reason)
		}
		ended(t, w.promote(to(6, 2), "items"), release.Unchanged, 2)
	})
}

// A version that cannot serve yet is waited for, whatever AWS calls its state.
func TestPromoteAndRollbackWaitForAVersion(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Pending", "Deactivating"} {
		for _, op := range []release.Operation{release.Promote, release.Rollback} {
			t.Run(state+" "+op.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, localaws.Options{})
					w.AddFunction("items")
					w.versions("items", 3)
					w.SetAlias("items", localaws.Alias{Name: "prod", Version: "3", Description: "[3 < 2 | run 1]"})
					w.SetState("items", "2", state, "", "")
					time.AfterFunc(time.Minute+time.Second/3, func() { w.SetState("items", "2", "Active", "", "") })
					began := time.Now()
					req := to(5, 2)
					ended(t, w.do(op, req, "items"), map[release.Operation]release.Status{
						release.Promote: release.Promoted, release.Rollback: release.RolledBack,
					}[op], 2)
					if waited := time.Since(began); waited < time.Minute {
						t.Errorf("moved after %s", waited)
					}

					w.SetState("items", "3", state, "", "")
					o := w.do(op, to(6, 3), "items").Outcomes[0]
					if o.Status != release.Failed || !awsapi.Is(o.Err, awsapi.Deadline) || !strings.Contains(o.Err.Error(), "State "+state) {
						t.Errorf("never ready: %s, %v", o.Status, o.Err)
					}
				})
			})
		}
	}
}

func TestPromoteRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		version version
		from    string
		lay     func(*world)
		says    string
	}{
		{"a missing version", 9, "", func(*world) {}, "has no such version"},
		{"a missing alias", none, "beta", func(*world) {}, "version \"beta\": items has no such alias"},
		{"a failed version", 2, "", func(w *world) { w.SetState("items", "2", "Failed", "InternalError", "It broke.") }, "is Failed: It broke. (InternalError)"},
		{"$LATEST", none, "dev", func(w *world) { w.SetAlias("items", localaws.Alias{Name: "dev", Version: "$LATEST"}) }, "it follows $LATEST"},
		{"a weighted alias", none, "dev", func(w *world) {
			w.SetAlias("items", localaws.Alias{Name: "dev", Version: "2", Weights: map[string]float64{"3": 0.25}})
		}, "it is at 2 (75 %) and 3 (25 %)"},
		{"a weighted target", 2, "", func(w *world) {
			w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"3": 0.25}})
		}, "its weights were set outside lambda-release"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, localaws.Options{})
			w.AddFunction("items")
			w.versions("items", 3)
			w.SetAlias("items", localaws.Alias{Name: "dev", Version: "3"})
			w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1"})
			tt.lay(w)
			before, _ := w.Alias("items", "prod")
			req := to(1, tt.version)
			req.From = tt.from
			res := w.promote(req, "items")
			o := res.Outcomes[0]
			if o.Status != release.Failed || o.NotAsItWas || o.Err == nil || !strings.Contains(o.Err.Error(), tt.says) {
				t.Errorf("%s: %v; want %q", o.Status, o.Err, tt.says)
			}
			if after, _ := w.Alias("items", "prod"); after.RevisionId != before.RevisionId {
				t.Error("prod was changed")
			}
		})
	}
}

func TestPromoteWarnsOfAnInactiveVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 2)
	w.SetState("items", "1", "Inactive", "Idle", "The function is idle.")
	if o := ended(t, w.promote(to(1, 1), "items"), release.Promoted, 1); len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "Inactive") {
		t.Errorf("warnings: %q", o.Warnings)
	}
}

func TestPromoteAndRollbackAreAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newShop(t, localaws.Options{})
	for _, fn := range shop {
		w.Publish(fn, "")
	}
	w.OnCall(denied("UpdateAlias", "users"))
	if res := w.promote(to(5, 2), shop...); statuses(res) != "failed failed failed" || res.Changed() || res.NotAsItWas() {
		t.Errorf("%s, changed %t", statuses(res), res.Changed())
	}
	for _, fn := range shop {
		w.at(fn, "prod", "1", "shop [1 | run 1]")
	}
	w.OnCall(nil)
	if res := w.promote(to(6, 2), shop...); statuses(res) != "promoted promoted promoted" {
		t.Error(statuses(res))
	}
	w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "2"}) // no history: orders cannot go back
	if res := w.rollback(run(7), shop...); statuses(res) != "failed failed failed" || res.Changed() {
		t.Errorf("%s, changed %t", statuses(res), res.Changed())
	}
	w.at("items", "prod", "2", "shop [2 < 1 | run 6]")
}

func TestDryRunsOfOperationsOnlyRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items", func(f *localaws.Function) { f.Environment = map[string]string{"SECRET": "hush"} })
	w.versions("items", 6)
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "6", Description: "[6 < 2 | run 1]"})
	req := run(2)
	req.DryRun = true
	promote, prune := req, req
	promote.Version, prune.Keep = 3, 3
	for _, tt := range []struct {
		res  release.Result
		want string
	}{
		{w.promote(promote, "items"), "move prod from 6 to 3: backwards, from 6 to 3\nchange, against version 6: code "},
		{w.rollback(req, "items"), "move prod from 6 to 2: left 6\nchange, against version 6: code "},
		{w.prune(prune, "items"), "delete 2 of 6 versions (1, 3), under 0.1 MB of code"},
		{w.do(release.DeleteAlias, req, "items"), "delete prod, which is at 6"},
	} {
		o := ended(t, tt.res, release.Planned, tt.res.Outcomes[0].Version)
		if got := strings.Join(o.Plan, "\n"); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: plan\n%s\nwant\n%s", tt.res.Operation, got, tt.want)
		}
		if tt.res.Changed() {
			t.Errorf("%s: a dry run says it changed something", tt.res.Operation)
		}
	}
	for _, c := range w.Calls() {
		if !strings.HasPrefix(c.Operation, "Get") && !strings.HasPrefix(c.Operation, "List") {
			t.Errorf("a dry run called %s", c.Operation)
		}
	}
	if strings.Contains(w.log.String(), "hush") {
		t.Error("an environment variable's value was told")
	}
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 1000)
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "500", Description: "shop [500 < 400 < 3 | left 600 | run 1]"})
	w.SetAlias("items", localaws.Alias{Name: "dev", Version: "700", Weights: map[string]float64{"701": 0.1}})
	w.SetAlias("items", localaws.Alias{Name: "beta", Version: "$LATEST", Description: "[$LATEST < 42]"})
	req := run(2)
	req.Keep = 10
	// The real rate is the client's; a thousand deletes at 15 a second would
	// be a minute of test, so the rate is generous.
	w.rate = 100_000
	res := w.prune(req, "items")
	o := ended(t, res, release.Pruned, none)
	want := []string{"3", "42", "400", "500", "600", "700", "701"}
	for v := 991; v <= 1000; v++ {
		want = append(want, fmt.Sprint(v))
	}
	if got := w.Versions("items"); !slices.Equal(got, want) {
		t.Errorf("left %v\nwant %v", got, want)
	}
	if len(o.Pruned) != 1000-len(want) || o.Freed == 0 {
		t.Errorf("%d pruned, %d bytes freed", len(o.Pruned), o.Freed)
	}
	ended(t, w.prune(req, "items"), release.Unchanged, none)
}

func TestPruneGoesOnPastRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 6)
	w.SetEdgeReplica("items", "2", true)
	req := run(1)
	req.Keep = 3
	o := ended(t, w.prune(req, "items"), release.Pruned, none)
	if got := strings.Join(w.Versions("items"), " "); got != "2 4 5 6" || len(o.Warnings) != 1 {
		t.Errorf("left %s, warnings %q", got, o.Warnings)
	}
}

func TestPruneAfterARelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.versions("items", 6)
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "6", Description: "[6 < 2 | run 1]"})
	w.Upload("items", "7")
	req := run(2)
	req.Keep = 3
	o := ended(t, w.release(req, "items"), release.Released, 7)
	if got := strings.Join(w.Versions("items"), " "); got != "2 5 6 7" || !slices.Equal(o.Pruned, []version{1, 3, 4}) {
		t.Errorf("left %s, pruned %v", got, o.Pruned)
	}
	w.at("items", "prod", "7", "[7 < 6 < 2 | run 2]")

	// A prune that is refused does not undo a release.
	w.Upload("items", "8")
	w.OnCall(denied("ListVersionsByFunction", "items"))
	if o := ended(t, w.release(run(3), "items"), release.Released, 8); len(o.Warnings) != 0 {
		t.Errorf("pruned without being asked: %q", o.Warnings)
	}
	w.Upload("items", "9")
	req.Run.ID = 4
	if o := ended(t, w.release(req, "items"), release.Released, 9); len(o.Warnings) != 1 {
		t.Errorf("warnings: %q", o.Warnings)
	}
}

func TestDeleteAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.Publish("items", "")
	w.SetAlias("items", localaws.Alias{Name: "pr-7", Version: "1", Description: "[1 | run 5]"})
	remove := func(id uint64) release.Result {
		req := run(id)
		req.Alias = "pr-7"
		return w.do(release.DeleteAlias, req, "items")
	}
	if o := ended(t, remove(4), release.Superseded, none); o.Changed() {
		t.Error("an older job deleted what a newer one had made")
	}
	if o := ended(t, remove(6), release.Deleted, none); !o.Changed() || o.Before.Version != 1 {
		t.Errorf("%+v", o)
	}
	if _, ok := w.Alias("items", "pr-7"); ok {
		t.Error("it is still there")
	}
	if o := ended(t, remove(7), release.Unchanged, none); o.Changed() {
		t.Errorf("%+v", o)
	}
}
