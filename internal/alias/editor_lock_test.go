package alias_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/localaws"
)

const (
	lockedAtOne = "1 text [1 | run 1 | locked: why | run 500]"
	lockedSince = "text [2 < 1 | run 500 | locked: why | run 600]"
)

// lock locks prod.
func (r *rig) lock() error {
	return r.Write(r.t.Context(), r.Current().Mark(alias.NewLock("why", time.Time{}, run), time.Now()))
}

func TestWriteOfALock(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig){
		"at once": func(r *rig) {
			noError(r.t, r.lock())
			r.called("UpdateAlias")
		},
		"answer lost": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, answerLost)
			noError(r.t, r.lock())
		},
		"in progress": func(r *rig) {
			r.spoil("UpdateAlias", 1, 9, inProgress)
			noError(r.t, r.lock())
			r.paced()
		},
		"not found": func(r *rig) { // no version explains it: none is asked for
			r.spoil("UpdateAlias", 1, 1, notFound)
			noError(r.t, r.lock())
			r.called("UpdateAlias GetAlias UpdateAlias")
		},
		"revision refused, and unchanged": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, noRevision)
			noError(r.t, r.lock())
		},
		"twice": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, localaws.Fault{Twice: true})
			noError(r.t, r.lock())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				f(r)
				r.stands(alias.Written, "1")
				r.is(lockedAtOne)
			})
		})
	}
}

// TestALockLeavesTheWeights: also those that were set outside lambda-release.
func TestALockLeavesTheWeights(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "text [1 | run 1]", Weights: map[string]float64{"3": 0.25}})
		noError(r.t, r.Read(r.t.Context()))
		noError(r.t, r.lock())
		r.stands(alias.Written, "1 (75 %) and 3 (25 %)")
		r.is(lockedAtOne + " with weights")
	})
}

func TestALockOfUnknownEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.spoil("UpdateAlias", 1, forever, dropped)
		r.spoil("GetAlias", 1, forever, denied)
		if err := r.lock(); err == nil || r.Standing() != alias.Unknown {
			r.t.Errorf("error %v, standing %d", err, r.Standing())
		}
		said(r.t, r.Whereabouts(), "prod was at 1, and may be locked by now")
	})
}

// TestLockedSince: an undo does not write over a lock, and the error names the run
// that has locked the alias.
func TestLockedSince(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(*rig){
		"not seen":         func(*rig) {},
		"seen by a verify": func(r *rig) { noError(r.t, r.Verify(r.t.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				r.put("2", lockedSince)
				look(r)
				_, err := r.undo(alias.None)
				if lost(r.t, err, "run 600"); err == nil {
					return
				}
				said(r.t, err.Error(), "run 600 has locked it meanwhile, at 2")
				r.stands(alias.LostToOther, "2")
				said(r.t, r.Whereabouts(), "prod is at 2, and run 600 has locked it; it is left there")
				r.is("2 " + lockedSince)
			})
		})
	}
}

// TestAShiftLosesToALock: the next step of a shift finds the alias locked.
func TestAShiftLosesToALock(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		step := func(percent int) error {
			c := r.to(2)
			return r.Write(r.t.Context(), c.Shifted(r.Current(), percent, time.Now().Add(time.Hour), run))
		}
		noError(r.t, step(10))
		r.put("1", "text [1 | run 500 | locked: why | run 600]")
		err := step(50)
		lost(r.t, err, "run 600")
		said(r.t, err.Error(), "run 600 has locked it meanwhile, at 1")
		if r.Undoable() {
			r.t.Error("an undo would write")
		}
	})
}

// TestAShiftLosesToALockThatHasEnded: the error does not say that the alias was moved,
// nor that it is still locked.
func TestAShiftLosesToALockThatHasEnded(t *testing.T) {
	t.Parallel()
	for since, want := range map[string]string{"unlocked": "has unlocked it", "locked until 1999-12-31T00:00Z": "has locked it"} {
		t.Run(since, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				c := r.to(2)
				step := func() error {
					return r.Write(r.t.Context(), c.Shifted(r.Current(), 10, time.Now().Add(time.Hour), run))
				}
				noError(r.t, step())
				r.put("1", "text [1 | run 500 | "+since+" | run 600]")
				err := step()
				lost(r.t, err, "run 600")
				said(r.t, err.Error(), "run 600 "+want+" meanwhile, at 1")
				if e, ok := errors.AsType[*alias.LostError](err); !ok || strings.Contains(e.Hint(), "operation: unlock") {
					r.t.Errorf("advised: %v", e.Hint())
				}
			})
		})
	}
}

// TestAShiftLosesToARunAfterALock: it is the run that shifts the alias now that is named,
// and not the one that has unlocked it before.
func TestAShiftLosesToARunAfterALock(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.mustMove(2)
		r.put("2", "text [2 < 1 | shifting to 4 until 2026-11-23T10:20Z | run 601 | unlocked | run 600]")
		err := r.move(3)
		lost(r.t, err, "run 601")
		if strings.Contains(err.Error(), "unlocked") || strings.Contains(r.Whereabouts(), "unlocked") {
			r.t.Errorf("said %q, %q", err, r.Whereabouts())
		}
	})
}

// TestALockSinceIsKept: what the run still has to note of CodeDeploy's work keeps a
// lock that has come meanwhile.
func TestALockSinceIsKept(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.mustMove(2)
		r.put("2", lockedSince)
		noError(r.t, r.Adopt(r.t.Context()))
		noError(r.t, r.move(3))
		r.is("3 text [3 < 2 < 1 | run 500 | locked: why | run 600]")
		r.mustRestore("1 text [1 | run 1 | locked: why | run 600]")
	})
}

// mustRestore undoes, which leaves prod so.
func (r *rig) mustRestore(want string) {
	r.t.Helper()
	if _, err := r.undo(alias.None); err != nil {
		r.t.Error(err)
	}
	r.is(want)
}

func TestALockWhoseTimeIsOverGoes(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.put("1", "text [1 | run 1 | locked until 1999-01-01T00:00Z: why | run 400]")
		noError(r.t, r.Read(r.t.Context()))
		r.mustMove(2)
		r.is(atTwo)
		r.mustRestore("1 text [1 | run 1 | locked until 1999-01-01T00:00Z: why | run 400]")
	})
}

// TestALockThatHasEnded: neither an undo nor the next step of a move stops at a lock
// that was ended since, or whose time is over.
func TestALockThatHasEnded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ since, moved, restored string }{
		"unlocked": {
			"unlocked | run 600", "3 text [3 < 2 < 1 | run 500 | unlocked | run 600]", "1 text [1 | run 1 | unlocked | run 600]",
		},
		"over": {
			"locked until 1999-12-31T00:00Z: why | run 600", "3 text [3 < 2 < 1 | run 500]", "1 text [1 | run 1]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				r.put("2", "text [2 < 1 | run 500 | "+tt.since+"]")
				noError(r.t, r.move(3))
				r.is(tt.moved)
				r.mustRestore(tt.restored)
			})
			bubble(t, func(r *rig) {
				r.mustMove(2)
				r.put("2", "text [2 < 1 | run 500 | "+tt.since+"]")
				r.mustRestore(tt.restored)
			})
		})
	}
}
