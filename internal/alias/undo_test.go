package alias_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// paced are the cases with one loop, that of the undo itself.
var paced = map[string]bool{"in progress": true, "not found": true, "denied": true}

func TestUndo(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig){
		"at once":                         func(_ *rig) {},
		"in progress":                     func(r *rig) { r.spoil("UpdateAlias", 1, 5, inProgress) },
		"not found":                       func(r *rig) { r.spoil("UpdateAlias", 1, 2, notFound) },
		"revision refused, and unchanged": func(r *rig) { r.spoil("UpdateAlias", 1, 1, noRevision) },
		"another revision":                func(r *rig) { r.put("2", "text [2 < 1 | run 500]") },
		"answer lost":                     func(r *rig) { r.spoil("UpdateAlias", 1, 1, answerLost) },
		"answer lost, and stale reads": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, answerLost)
			r.spoil("GetAlias", 1, 3, stale)
		},
		"no answer can be read":              func(r *rig) { r.spoil("UpdateAlias", 1, forever, cut) },
		"another revision, and a stale read": func(r *rig) { r.put("2", "text [2 < 1 | run 500]"); r.spoil("GetAlias", 1, 1, stale) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				f(r)
				standing, err := r.undo(alias.None)
				noError(t, err)
				if standing != alias.Restored {
					t.Errorf("standing %d", standing)
				}
				r.stands(alias.Restored, "1")
				r.is(atOne)
				if paced[name] {
					r.paced()
				}
				if r.Repair() != "" {
					t.Errorf("repair %q", r.Repair())
				}
			})
		})
	}
}

func TestUndoHoldsTheVersion(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.mustMove(2)
		_, err := r.undo(2)
		noError(t, err)
		r.is("1 text [1 | left 2 | run 500]")
	})
}

// An undo restores the weights that were there, without those that a shift of an
// earlier run has left and those that AWS sets itself.
func TestUndoRestoresWeights(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		description string
		weight      float64 // of version 3
		want        string
		restored    float64
	}{
		"set outside":   {"text", 0.25, "1 text with weights", 0.25},
		"left by shift": {"text [1 | shifting to 3 until 1999-12-31T00:00Z | run 9]", 0.25, "1 text [1 | run 9]", 0},
		"AWS's own":     {"text", 1, "1 text", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: tt.description, Weights: map[string]float64{"3": tt.weight}})
				noError(t, r.Read(r.t.Context()))
				r.mustMove(2)
				_, err := r.undo(alias.None)
				noError(t, err)
				r.is(tt.want)
				if a, _ := r.Alias("items", "prod"); a.Weights["3"] != tt.restored {
					t.Errorf("%+v", a)
				}
			})
		})
	}
}

func TestUndoOfAShift(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		noError(t, r.Write(r.t.Context(), r.to(2).Shifted(r.Current(), 20, time.Now().Add(time.Hour), run)))
		// The last step is carried out, and no answer comes in time.
		r.spoil("UpdateAlias", 2, 2, localaws.Fault{Late: 90 * time.Second})
		r.spoil("UpdateAlias", 3, 6, dropped)
		r.spoil("GetAlias", 1, 1, denied)
		ctx, cancel := context.WithTimeout(awsapi.Job(r.t.Context(), 1), 3*time.Minute)
		defer cancel()
		if err := r.Write(ctx, r.to(2)); err == nil {
			t.Error("no error")
		}
		r.stands(alias.Unknown, "an unknown version")
		time.Sleep(2 * time.Minute)
		standing, err := r.undo(2)
		noError(t, err)
		if standing != alias.Restored {
			t.Errorf("standing %d, %s", standing, r.Whereabouts())
		}
		r.is("1 text [1 | left 2 | run 500]")
	})
}

func TestUndoAfterAdopt(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		noError(t, r.Write(r.t.Context(), r.to(2).Shifted(r.Current(), 0, time.Now().Add(time.Hour), run)))
		a, _ := r.Alias("items", "prod")
		r.put("2", a.Description) // as CodeDeploy does
		noError(t, r.Adopt(r.t.Context()))
		r.ResetCalls()
		standing, err := r.undo(2)
		noError(t, err)
		if standing != alias.Restored {
			t.Errorf("standing %d", standing)
		}
		r.called("UpdateAlias")
		r.is("1 text [1 | left 2 | run 500]")
	})
}

func TestUndoLeavesWhatOthersHaveChanged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		others  func(*rig)
		by, now string
		is      string
	}{
		"moved":         {func(r *rig) { r.put("3", "text [3 < 2 < 1 | run 9]") }, "run 9", "3", "3 text [3 < 2 < 1 | run 9]"},
		"moved by hand": {func(r *rig) { r.put("3", "text [2 < 1 | run 500]") }, "a change made outside lambda-release", "3", "3 text [2 < 1 | run 500]"},
		"confirmed":     {func(r *rig) { r.put("2", "text [2 < 1 | run 9]") }, "run 9", "2", "2 text [2 < 1 | run 9]"},
		"deleted":       {func(r *rig) { r.RemoveAlias("items", "prod") }, "another run or a person", "nowhere", ""},
		"weights": {func(r *rig) {
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "2", Description: "text [2 < 1 | run 500]", Weights: map[string]float64{"1": 0.5}})
		}, "another run or a person", "2 (50 %) and 1 (50 %)", "2 text [2 < 1 | run 500] with weights"},
		"moved while the undo is refused": {func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, denied)
			r.after("UpdateAlias", 1, func() {})
			r.before("GetAlias", 1, func() { r.put("3", "text [3 < 2 < 1 | run 9]") })
		}, "run 9", "3", "3 text [3 < 2 < 1 | run 9]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				tt.others(r)
				standing, err := r.undo(alias.None)
				lost(t, err, tt.by)
				if standing != alias.LostToOther {
					t.Errorf("standing %d", standing)
				}
				r.stands(alias.LostToOther, tt.now)
				r.is(tt.is)
				if r.Repair() != "" {
					t.Errorf("repair %q", r.Repair())
				}
			})
		})
	}
}

func TestUndoFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*rig)
		ends  alias.Standing
		now   string
		where string
	}{
		"denied":            {func(r *rig) { r.spoil("UpdateAlias", 1, 1, denied) }, alias.NotRestored, "2", "prod is at 2 and was at 1"},
		"denied, and stale": {func(r *rig) { r.spoil("UpdateAlias", 1, 1, denied); r.spoil("GetAlias", 1, 2, stale) }, alias.NotRestored, "2", "prod is at 2 and was at 1"},
		"in progress":       {func(r *rig) { r.spoil("UpdateAlias", 1, forever, inProgress) }, alias.NotRestored, "2", "prod is at 2 and was at 1"},
		"denied, and only stale": {func(r *rig) { r.spoil("UpdateAlias", 1, 1, denied); r.spoil("GetAlias", 1, forever, stale) }, alias.Unknown, "an unknown version",
			"prod was moved to 2, and should be at 1 again: it cannot be read"},
		"no answer": {func(r *rig) { r.spoil("UpdateAlias", 1, forever, dropped) }, alias.Unknown, "an unknown version", "prod was moved to 2, and may be there or at 1 again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const arn = "arn:aws:lambda:eu-central-1:123456789012:function:items"
			inBubble(t, localaws.Options{}, arn, true, func(r *rig) {
				r.mustMove(2)
				tt.spoil(r)
				began := time.Now()
				standing, err := r.undo(alias.None)
				if standing != tt.ends || err == nil {
					t.Errorf("standing %d, error %v", standing, err)
				}
				if took := time.Since(began); took > 32*time.Second {
					t.Errorf("took %s", took)
				}
				r.stands(tt.ends, tt.now)
				said(t, r.Whereabouts(), tt.where)
				want := "To restore it: aws lambda update-alias --function-name " + arn + " --name prod --region eu-central-1" +
					" --function-version '1' --description '" + strings.TrimPrefix(atOne, "1 ") + "' --routing-config 'AdditionalVersionWeights={}'"
				if r.Repair() != want {
					t.Errorf("repair %q", r.Repair())
				}
				if paced[name] {
					r.paced()
				}
			})
		})
	}
}

func TestUndoOfACreatedAlias(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*rig)
		calls string // "": any
	}{
		"at once":           {func(*rig) {}, "GetAlias DeleteAlias"},
		"not found yet":     {func(r *rig) { r.spoil("GetAlias", 1, 1, localaws.Fault{NotYet: true}) }, "GetAlias DeleteAlias"},
		"in progress":       {func(r *rig) { r.spoil("DeleteAlias", 1, 4, inProgress) }, ""},
		"answers lost":      {func(r *rig) { r.spoil("DeleteAlias", 1, forever, answerLost) }, ""},
		"deleted by others": {func(r *rig) { r.RemoveAlias("items", "prod") }, "GetAlias DeleteAlias"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubbleWithout(t, func(r *rig) {
				r.mustMove(2)
				tt.spoil(r)
				standing, err := r.undo(2)
				noError(t, err)
				if standing != alias.Restored {
					t.Errorf("standing %d", standing)
				}
				r.stands(alias.Restored, "nowhere")
				r.is("")
				if tt.calls != "" {
					r.called(tt.calls)
				}
				if paced[name] {
					r.paced()
				}
			})
		})
	}
}

func TestUndoOfACreatedAliasFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil  func(*rig)
		ends   alias.Standing
		now    string
		where  string
		is     string
		repair bool
	}{
		"moved by another run": {func(r *rig) { r.put("3", "[3 < 2 | run 9]") }, alias.LostToOther, "3", "prod is at 3, where run 9 moved it", "3 [3 < 2 | run 9]", false},
		"moved by another run, and unreadable": {func(r *rig) {
			r.put("3", "[3 < 2 | run 9]")
			r.spoil("GetAlias", 1, forever, denied)
		}, alias.Unknown, "an unknown version", "prod was created at 2, and should be deleted again: it cannot be read", "3 [3 < 2 | run 9]", false},
		"a canary of another run": {func(r *rig) {
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "2", Description: "[2 | shifting to 3 until 2030-01-01T00:00Z | run 9]", Weights: map[string]float64{"3": 0.1}})
		}, alias.LostToOther, "2 (90 %) and 3 (10 %)", "prod is at 2 (90 %) and 3 (10 %), where run 9 moved it", "2 [2 | shifting to 3 until 2030-01-01T00:00Z | run 9] with weights", false},
		"denied":      {func(r *rig) { r.spoil("DeleteAlias", 1, 1, denied) }, alias.NotRestored, "2", "prod was created at 2 and could not be deleted again", created, true},
		"in progress": {func(r *rig) { r.spoil("DeleteAlias", 1, forever, inProgress) }, alias.NotRestored, "2", "prod was created at 2 and could not be deleted again", created, true},
		"no answer":   {func(r *rig) { r.spoil("DeleteAlias", 1, forever, dropped) }, alias.Unknown, "an unknown version", "prod was created at 2, and may be there or deleted again", created, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubbleWithout(t, func(r *rig) {
				r.mustMove(2)
				tt.spoil(r)
				standing, err := r.undo(2)
				if standing != tt.ends || err == nil {
					t.Errorf("standing %d, error %v", standing, err)
				}
				r.stands(tt.ends, tt.now)
				r.is(tt.is)
				said(t, r.Whereabouts(), tt.where)
				if (r.Repair() == "To delete it: aws lambda delete-alias --function-name items --name prod --region eu-central-1") != tt.repair {
					t.Errorf("repair %q", r.Repair())
				}
				if paced[name] {
					r.paced()
				}
			})
		})
	}
}

// What an earlier attempt of the run has done is undone as if this one had done it; what
// others have done, or a rollback of the same run, is not.
func TestUndoOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	for put, want := range map[[2]string]string{
		{"2", "text [2 < 1 | run 500]"}:                       "1 text [1 | left 2 | run 500]",
		{"2", "text [2 < 1 | run 500 | unlocked | run 499]"}:  "1 text [1 | left 2 | run 500 | unlocked | run 499]",
		{"1", "text [1 | codedeploy d-1 to 2 | run 500]"}:     "",
		{"2", "text [1 | codedeploy d-1 to 2 | run 500]"}:     "1 text [1 | left 2 | run 500]",
		{"2", "text [2 < 1 | run 499]"}:                       "",
		{"2", "text [2 | run 500]"}:                           "",
		{"2", "text [1 | run 500]"}:                           "",
		{"2", "text [2 < 1 | left 3 | run 500]"}:              "",
		{"2", "text [2 < 1 | left 3 by 499 | run 500]"}:       "1 text [1 | left 3 | run 500]",
		{"2", "text [2 < 1 | codedeploy d-1 to 3 | run 500]"}: "",
	} {
		bubble(t, func(r *rig) {
			r.put(put[0], put[1])
			noError(t, r.Read(r.t.Context()))
			r.Resume()
			if r.Undoable() != (want != "") {
				t.Fatalf("%s: undoable %t", put, r.Undoable())
			}
			if want == "" {
				return
			}
			_, err := r.undo(2)
			noError(t, err)
			r.is(want)
		})
	}
}
