package release_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

func TestReleaseMovesTheAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")

	o := ended(t, w.release(run(100), "items"), release.Released, 1)
	if !o.Published || o.Before.Version != none || !o.Changed() {
		t.Errorf("first release: %+v", o)
	}
	w.at("items", "prod", "1", "[1 | run 100]")

	w.Upload("items", "v2")
	o = ended(t, w.release(run(110), "items"), release.Released, 2)
	if !o.Published || o.Before.Version != 1 || o.After.Version != 2 {
		t.Errorf("second release: %+v", o)
	}
	w.at("items", "prod", "2", "[2 < 1 | run 110]")

	o = ended(t, w.release(run(120), "items"), release.Unchanged, 2)
	if o.Published || o.Changed() {
		t.Errorf("nothing was written, but: %+v", o)
	}
	w.at("items", "prod", "2", "[2 < 1 | run 110]")
}

func TestCallsAndRoundTrips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Latency: 50 * time.Millisecond})
		w.AddFunction("items")
		for _, step := range []struct {
			name, want string
			trips      int
			do         func()
		}{
			{"first release", "CreateAlias GetAlias GetAlias GetPolicy GetPolicy ListEventSourceMappings ListFunctionEventInvokeConfigs ListFunctionUrlConfigs ListProvisionedConcurrencyConfigs PublishVersion", 5, func() { w.release(run(1), "items") }},
			{"unchanged", "GetAlias PublishVersion", 1, func() { w.release(run(2), "items") }},
			{"release", "GetAlias GetAlias PublishVersion UpdateAlias", 3, func() { w.Upload("items", "2"); w.release(run(3), "items") }},
			{"dry run", "GetAlias GetFunction GetFunction", 1, func() {
				req := run(4)
				req.DryRun = true
				w.release(req, "items")
			}},
			{"follow $LATEST", "GetAlias GetAlias GetFunction UpdateAlias", 3, func() {
				req := run(5)
				req.Latest = true
				w.release(req, "items")
			}},
		} {
			w.ResetCalls()
			step.do()
			calls := w.Calls()
			if got := sorted(calls); got != step.want {
				t.Errorf("%s: %s, want %s", step.name, got, step.want)
			}
			if got := roundTrips(calls); got != step.trips {
				t.Errorf("%s: %d round trips, want %d", step.name, got, step.trips)
			}
		}
	})
}

func TestAnOlderJobIsSuperseded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	for range 12 {
		w.Upload("items", "x")
		w.Publish("items", "")
	}
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "12", Description: "orders [12 < 10 | run 200]"})

	w.Upload("items", "late")
	o := ended(t, w.release(run(150), "items"), release.Superseded, 13)
	if o.Changed() || !strings.Contains(o.Reason, "run 200") {
		t.Errorf("run 150 with version 13: %+v", o)
	}
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "12"})
	w.Upload("items", "newer")
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "12", Description: "[12 | run 200]", Weights: map[string]float64{"13": 0.1}})
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "13", Description: "[13 | run 200]"})
	ended(t, w.release(run(150), "items"), release.Superseded, 14)

	again := run(150)
	again.Run.Attempt = 2
	ended(t, w.release(again, "items"), release.Released, 14)
	w.at("items", "prod", "14", "[14 < 13 | run 150]")

	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "14", Description: "[14 | run 200]"})
	w.Publish("items", "")
	older := newWorld(t, localaws.Options{})
	older.AddFunction("items")
	older.Publish("items", "")
	older.Upload("items", "2")
	older.Publish("items", "")
	older.SetAlias("items", localaws.Alias{Name: "prod", Version: "2"})
	// Someone deleted nothing but published less: version 2 is served, and 1
	// cannot come from a publish any more; the number guard is decideRelease's.
	ended(t, older.release(run(1), "items"), release.Unchanged, 2)
}

func TestAVersionThatWasRolledBackIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	for _, code := range []string{"1", "2", "3"} {
		w.Upload("items", code)
		w.Publish("items", "")
	}
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "2", Description: "[2 < 1 | left 3 | run 100]"})

	o := ended(t, w.release(run(110), "items"), release.Held, 3)
	if o.Changed() || !strings.Contains(o.Reason, "by run 100") {
		t.Errorf("%+v", o)
	}
	w.at("items", "prod", "2", "[2 < 1 | left 3 | run 100]")

	w.Upload("items", "4")
	ended(t, w.release(run(120), "items"), release.Released, 4)
	w.at("items", "prod", "4", "[4 < 2 < 1 | run 120]")
}

func TestWeightsOfSomeoneElse(t *testing.T) {
	t.Parallel()
	soon, past := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04Z"), "2020-01-01T00:00Z"
	for _, tt := range []struct {
		name, description string
		run               uint64
		clear             bool
		want              release.Status
		says              string
	}{
		{"set by a person", "", 300, false, release.Failed, "set outside lambda-release"},
		{"set by a person, to be cleared", "", 300, true, release.Released, ""},
		{"set by a person after our mark", "[1 | run 100]", 300, false, release.Failed, "set outside lambda-release"},
		{"a shift of ours, under way", "[1 | shifting to 2 until " + soon + " | run 290]", 300, false, release.Failed, "a traffic shift by run 290 is under way"},
		{"a shift of ours is not cleared by clear-weights", "[1 | shifting to 2 until " + soon + " | run 290]", 300, true, release.Failed, "under way"},
		{"a shift of this very run", "[1 | shifting to 2 until " + soon + " | run 300]", 300, false, release.Released, ""},
		{"a shift past its deadline", "[1 | shifting to 2 until " + past + " | run 290]", 300, false, release.Released, ""},
		{"a shift of a newer run", "[1 | shifting to 2 until " + soon + " | run 400]", 300, false, release.Superseded, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, localaws.Options{})
			w.AddFunction("items")
			w.Publish("items", "")
			w.Upload("items", "2")
			w.Publish("items", "")
			w.Upload("items", "3")
			before := localaws.Alias{Name: "prod", Version: "1", Description: tt.description, Weights: map[string]float64{"2": 0.1}}
			w.SetAlias("items", before)
			req := run(tt.run)
			req.ClearWeights = tt.clear
			o := ended(t, w.release(req, "items"), tt.want, 3)
			if tt.want == release.Released {
				if a, _ := w.Alias("items", "prod"); a.Version != "3" || len(a.Weights) > 0 {
					t.Errorf("prod is at %s %v", a.Version, a.Weights)
				}
				return
			}
			if a, _ := w.Alias("items", "prod"); a.Version != "1" || a.Weights["2"] != 0.1 {
				t.Errorf("prod is at %s %v", a.Version, a.Weights)
			}
			if tt.says != "" && (o.Err == nil || !strings.Contains(o.Err.Error(), tt.says) || o.Hint == "") {
				t.Errorf("error %v, hint %q; want %q", o.Err, o.Hint, tt.says)
			}
		})
	}
}

func TestPublishWaitsForAnUpdateInProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("items")
		w.SetLastUpdate("items", "InProgress", "Creating", "")
		time.AfterFunc(300*time.Millisecond, func() { w.SetLastUpdate("items", "Successful", "", "") })
		ended(t, w.release(run(1), "items"), release.Released, 1)

		w.Upload("items", "2")
		w.SetLastUpdate("items", "InProgress", "Creating", "")
		time.AfterFunc(300*time.Millisecond, func() {
			w.SetLastUpdate("items", "Failed", "InvalidZipFileException", "Could not unzip.")
		})
		o := ended(t, w.release(run(2), "items"), release.Failed, none)
		if !strings.Contains(o.Err.Error(), "Could not unzip. (InvalidZipFileException)") {
			t.Errorf("error: %v", o.Err)
		}
		w.at("items", "prod", "1", "[1 | run 1]")
	})
}

func TestAPendingVersionIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Settle: 500 * time.Millisecond})
		w.AddFunction("items")
		w.OnPublish("items", "Active", "", "")
		ended(t, w.release(run(1), "items"), release.Released, 1)
		if !strings.Contains(w.operations(), "GetFunction") {
			t.Errorf("not waited for: %s", w.operations())
		}
	})
}

func TestAFailedVersionIsNotServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("items")
		ended(t, w.release(run(1), "items"), release.Released, 1)
		w.Upload("items", "2")
		w.OnPublish("items", "Failed", "ImageAccessDenied", "Lambda does not have permission to access the ECR image.")
		start := time.Now()
		o := ended(t, w.release(run(2), "items"), release.Failed, 2)
		var state *awsapi.StateError
		if !errors.As(o.Err, &state) || !strings.Contains(state.Reason, "ECR image. (ImageAccessDenied)") {
			t.Errorf("error: %v", o.Err)
		}
		if time.Since(start) > 10*time.Second {
			t.Error("waited on for a version that has failed")
		}
		w.at("items", "prod", "1", "[1 | run 1]")
	})
}

func TestTheAliasIsMadeBySomeoneElseFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.Publish("items", "")
	w.Upload("items", "2")
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "CreateAlias" && c.Attempt == 1 {
			w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "theirs"})
		}
		return nil
	})
	ended(t, w.release(run(5), "items"), release.Released, 2)
	w.at("items", "prod", "2", "theirs [2 < 1 | run 5]")
}

func TestTheAliasIsMovedBySomeoneElseMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	ended(t, w.release(run(1), "items"), release.Released, 1)
	w.Upload("items", "2")
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "UpdateAlias" && c.Attempt == 1 {
			w.Upload("items", "3")
			w.Publish("items", "")
			w.SetAlias("items", localaws.Alias{Name: "prod", Version: "3", Description: "[3 < 1 | run 3]"})
		}
		return nil
	})
	o := ended(t, w.release(run(2), "items"), release.Superseded, 2)
	if o.Changed() {
		t.Error("what another run did is reported as this run's change")
	}
	w.at("items", "prod", "3", "[3 < 1 | run 3]")
}

func TestCodeSHA256Guards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	req := run(1)
	req.CodeSHA256 = map[string]string{"items": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}
	o := ended(t, w.release(req, "items"), release.Failed, none)
	if !awsapi.Is(o.Err, awsapi.Invalid) || len(w.Versions("items")) != 0 {
		t.Errorf("error %v, versions %v", o.Err, w.Versions("items"))
	}
}

func TestTheUsersTextStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	text := "the shop's items"
	req := run(1)
	req.AliasDescription = &text
	ended(t, w.release(req, "items"), release.Released, 1)
	w.at("items", "prod", "1", "the shop's items [1 | run 1]")
	w.Upload("items", "2")
	ended(t, w.release(run(2), "items"), release.Released, 2)
	w.at("items", "prod", "2", "the shop's items [2 < 1 | run 2]")

	text = "another text"
	req = run(3)
	req.AliasDescription = &text
	if o := ended(t, w.release(req, "items"), release.Unchanged, 2); o.Changed() {
		t.Error("a new text is no move")
	}
	w.at("items", "prod", "2", "another text [2 < 1 | run 2]")
}

func TestAnAliasThatFollowsLatest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	req := run(1)
	req.Latest, req.Alias = true, "dev"
	ended(t, w.release(req, "items"), release.Released, latest)
	w.at("items", "dev", "$LATEST", "[$LATEST | run 1]")
	ended(t, w.release(req, "items"), release.Unchanged, latest)
	if len(w.Versions("items")) != 0 {
		t.Errorf("published %v", w.Versions("items"))
	}
	numbered := run(2)
	numbered.Alias = "dev"
	ended(t, w.release(numbered, "items"), release.Released, 1)
	w.at("items", "dev", "1", "[1 < $LATEST | run 2]")
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	ended(t, w.release(run(1), "items"), release.Released, 1)
	w.Upload("items", "2")
	w.ResetCalls()
	req := run(2)
	req.DryRun = true
	o := ended(t, w.release(req, "items"), release.Planned, none)
	plan := strings.Join(o.Plan, "\n")
	for _, want := range []string{"publish $LATEST", "move prod from 1 to the published version", "change, against version 1: code "} {
		if !strings.Contains(plan, want) {
			t.Errorf("plan lacks %q:\n%s", want, plan)
		}
	}
	for _, c := range w.Calls() {
		if !strings.HasPrefix(c.Operation, "Get") {
			t.Errorf("a dry run called %s", c.Operation)
		}
	}
	w.at("items", "prod", "1", "[1 | run 1]")
}

func TestALostAnswerIsNotALostMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("items")
		ended(t, w.release(run(1), "items"), release.Released, 1)
		w.Upload("items", "2")
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Attempt == 1 && c.Operation != "GetAlias" {
				return &localaws.Fault{DropAfter: true}
			}
			return nil
		})
		w.ResetCalls()
		o := ended(t, w.release(run(2), "items"), release.Released, 2)
		if !o.Published {
			t.Error("the version is this run's own, though AWS was asked twice")
		}
		w.at("items", "prod", "2", "[2 < 1 | run 2]")
	})
}

func TestMissingFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	o := ended(t, w.release(run(1), "nosuch"), release.Failed, none)
	if !awsapi.Is(o.Err, awsapi.NotFound) || !strings.Contains(o.Hint, "region eu-central-1, account 123456789012") {
		t.Errorf("error %v, hint %q", o.Err, o.Hint)
	}
}

func TestDeniedNamesTheStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "CreateAlias" {
			return &localaws.Fault{
				Status: http.StatusForbidden, Code: "AccessDeniedException",
				Message: "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:CreateAlias on resource: " +
					"arn:aws:lambda:eu-central-1:123456789012:function:items because no identity-based policy allows the lambda:CreateAlias action",
			}
		}
		return nil
	})
	o := ended(t, w.release(run(1), "items"), release.Failed, 1)
	for _, want := range []string{`"Action": "lambda:CreateAlias"`, `"Resource": "arn:aws:lambda:eu-central-1:123456789012:function:items"`} {
		if !strings.Contains(o.Hint, want) {
			t.Errorf("hint lacks %s:\n%s", want, o.Hint)
		}
	}
	if o.NotAsItWas {
		t.Error("nothing was moved")
	}
}
