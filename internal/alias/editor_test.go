package alias_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

const (
	atOne   = "1 text [1 | run 1]"
	atTwo   = "2 text [2 < 1 | run 500]"
	created = "2 [2 | run 500]"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig){
		"at once": func(r *rig) {
			noError(r.t, r.move(2))
			r.called("UpdateAlias")
			if r.Before().String() != "1" || !r.Undoable() || r.Overtaken() {
				r.t.Errorf("before %s, undoable %t, overtaken %t", r.Before(), r.Undoable(), r.Overtaken())
			}
		},
		"answer lost": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, answerLost)
			noError(r.t, r.move(2))
			r.called("UpdateAlias UpdateAlias GetAlias")
		},
		"answer lost, and a stale read": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, answerLost)
			r.spoil("GetAlias", 1, 2, stale)
			noError(r.t, r.move(2))
			r.called("UpdateAlias UpdateAlias GetAlias GetAlias GetAlias")
		},
		"all answers lost": func(r *rig) {
			r.spoil("UpdateAlias", 1, forever, answerLost)
			noError(r.t, r.move(2))
		},
		"answer cannot be read": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, cut)
			noError(r.t, r.move(2))
		},
		"no answer can be read": func(r *rig) {
			for _, g := range []localaws.Garble{localaws.GarbleCut} {
				r.spoil("UpdateAlias", 1, forever, localaws.Fault{Garble: g})
			}
			noError(r.t, r.move(2))
		},
		"in progress": func(r *rig) {
			r.spoil("UpdateAlias", 1, 9, inProgress)
			noError(r.t, r.moveIn(5*time.Minute, 2))
			r.paced()
		},
		"version not there yet": func(r *rig) {
			r.spoil("UpdateAlias", 1, 3, notFound)
			c := r.to(2)
			c.Fresh = true
			noError(r.t, r.Write(r.t.Context(), c))
			r.paced()
		},
		"not found, and there": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, notFound)
			noError(r.t, r.move(2))
			r.called("UpdateAlias GetAlias GetFunction UpdateAlias")
		},
		"revision refused, and unchanged": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, noRevision)
			noError(r.t, r.move(2))
		},
		"twice": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, localaws.Fault{Twice: true})
			noError(r.t, r.move(2))
		},
		"cancelled while it is answered": func(r *rig) {
			ctx, cancel := context.WithCancel(awsapi.Job(r.t.Context(), 1))
			r.after("UpdateAlias", 1, cancel)
			noError(r.t, r.Write(ctx, r.to(2)))
			r.called("UpdateAlias")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				f(r)
				r.stands(alias.Written, "2")
				r.is(atTwo)
			})
		})
	}
}

func TestWriteIsRefused(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig){
		"denied": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, denied)
			kind(r.t, r.move(2), awsapi.Denied)
			r.called("UpdateAlias")
		},
		"no such version": func(r *rig) {
			kind(r.t, r.move(9), awsapi.NotFound)
			r.called("UpdateAlias GetAlias GetFunction GetFunction GetFunction")
		},
		"fresh version never there": func(r *rig) {
			r.spoil("UpdateAlias", 1, forever, notFound)
			c := r.to(2)
			c.Fresh = true
			ctx, cancel := context.WithTimeout(awsapi.Job(r.t.Context(), 1), time.Minute)
			defer cancel()
			kind(r.t, r.Write(ctx, c), awsapi.Deadline)
			r.paced()
		},
		"failed version": func(r *rig) {
			r.SetState("items", "2", "Failed", "InternalError", "its init crashed")
			err := r.move(2)
			if state, ok := errors.AsType[*awsapi.StateError](err); !ok || state.Qualifier != "2" {
				r.t.Fatalf("error %v", err)
			}
			said(r.t, err.Error(), "its init crashed")
			r.called("UpdateAlias GetAlias GetFunction")
		},
		"in progress for ever": func(r *rig) {
			r.spoil("UpdateAlias", 1, forever, inProgress)
			err := r.move(2)
			kind(r.t, err, awsapi.Deadline)
			said(r.t, err.Error(), "An update is in progress")
			r.paced()
		},
		"fenced": func(r *rig) {
			r.spoil("UpdateAlias", 1, 5, dropped)
			kind(r.t, r.move(2), awsapi.Unreachable)
			r.called("UpdateAlias UpdateAlias UpdateAlias UpdateAlias UpdateAlias GetAlias UpdateAlias")
		},
		"fenced, and then a stale read": func(r *rig) {
			r.spoil("UpdateAlias", 1, 5, dropped)
			kind(r.t, r.move(2), awsapi.Unreachable)
			r.ResetCalls()
			r.spoil("GetAlias", 2, 2, stale)
			noError(r.t, r.Read(r.t.Context()))
			r.called("GetAlias GetAlias")
		},
		"fenced when AWS is at work": func(r *rig) {
			r.spoil("UpdateAlias", 1, 5, dropped)
			r.spoil("UpdateAlias", 6, 8, inProgress)
			kind(r.t, r.move(2), awsapi.Unreachable)
		},
		"fenced, and carried out late": func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, localaws.Fault{Late: 10 * time.Minute})
			r.spoil("UpdateAlias", 2, 5, dropped)
			if err := r.moveIn(3*time.Minute, 2); err == nil {
				r.t.Error("no error")
			}
			time.Sleep(time.Hour)
		},
		"no time": func(r *rig) {
			ctx, cancel := context.WithCancel(awsapi.Job(r.t.Context(), 1))
			cancel()
			kind(r.t, r.Write(ctx, r.to(2)), awsapi.Cancelled)
			r.called("")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				f(r)
				r.stands(alias.Untouched, "1")
				r.is(atOne)
				if r.Undoable() || r.Before().String() != "1" {
					t.Errorf("undoable %t, before %s", r.Undoable(), r.Before())
				}
			})
		})
	}
}

func TestWriteOfWhatOthersHaveChanged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		others func(*rig)
		now    string
	}{
		"moved":                         {func(r *rig) { r.put("3", "text [3 < 1 | run 9]") }, "3"},
		"moved to the same version":     {func(r *rig) { r.put("2", "text [2 < 1 | run 9]") }, "2"},
		"its text":                      {func(r *rig) { r.put("1", "other [1 | run 1]") }, "1"},
		"deleted":                       {func(r *rig) { r.RemoveAlias("items", "prod") }, "nowhere"},
		"moved, and the answer is lost": {func(r *rig) { r.put("3", "text [3 < 1 | run 9]"); r.spoil("UpdateAlias", 1, 1, answerLost) }, "3"},
		"moved, and a stale read":       {func(r *rig) { r.put("3", "text [3 < 1 | run 9]"); r.spoil("GetAlias", 1, 1, stale) }, "3"},
		"weights": {func(r *rig) {
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "text [1 | run 1]", Weights: map[string]float64{"3": 0.5}})
		}, "1 (50 %) and 3 (50 %)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				tt.others(r)
				if err := r.move(2); !errors.Is(err, alias.ErrChanged) {
					t.Errorf("error %v", err)
				}
				r.stands(alias.Untouched, tt.now)
				if r.Before().String() != tt.now || len(r.log) != 1 {
					t.Errorf("before %s, log %q", r.Before(), r.log)
				}
			})
		})
	}
}

func TestWriteAfterOthersHaveChangedThisRunsOwn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		others           func(*rig)
		by, now, whereIs string
	}{
		"another run": {func(r *rig) { r.put("1", "text [1 < 2 < 1 | run 9]") }, "run 9", "1", "prod is at 1, where run 9 moved it; it is left there"},
		"a person":    {func(r *rig) { r.put("1", "text [2 < 1 | run 500]") }, "a change made outside lambda-release", "1", "prod is at 1, where a change made outside"},
		"a delete":    {func(r *rig) { r.RemoveAlias("items", "prod") }, "another run or a person", "nowhere", "prod was deleted by another run or a person"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				tt.others(r)
				err := r.move(3)
				lost(t, err, tt.by)
				said(t, err.Error(), "of items", "meanwhile")
				r.stands(alias.LostToOther, tt.now)
				said(t, r.Whereabouts(), tt.whereIs)
				if r.Undoable() || r.LostTo() != tt.by || r.Repair() != "" || r.Before().String() != "1" {
					t.Errorf("undoable %t, lost to %q, repair %q, before %s", r.Undoable(), r.LostTo(), r.Repair(), r.Before())
				}
			})
		})
	}
}

func TestWriteOfUnknownEffect(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig) error{
		"nothing is answered": func(r *rig) error {
			r.spoil("UpdateAlias", 1, forever, dropped)
			return r.move(2)
		},
		"it cannot be read": func(r *rig) error {
			r.spoil("UpdateAlias", 1, 5, answerLost)
			r.spoil("GetAlias", 1, forever, denied)
			return r.move(2)
		},
		"it cannot be fenced": func(r *rig) error {
			r.spoil("UpdateAlias", 1, 5, dropped)
			r.spoil("UpdateAlias", 6, forever, denied)
			err := r.move(2)
			r.called("UpdateAlias UpdateAlias UpdateAlias UpdateAlias UpdateAlias GetAlias UpdateAlias")
			return err
		},
		"the job has ended": func(r *rig) error {
			r.spoil("UpdateAlias", 1, forever, hangs)
			r.spoil("GetAlias", 1, forever, hangs)
			ctx, cancel := context.WithCancel(awsapi.Job(r.t.Context(), 1))
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			defer func() {
				if took := time.Since(began); took > 6*time.Second {
					r.t.Errorf("took %s", took)
				}
			}()
			return r.Write(ctx, r.to(2))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				if err := f(r); err == nil {
					t.Error("no error")
				}
				r.stands(alias.Unknown, "an unknown version")
				said(t, r.Whereabouts(), "prod was at 1, and may be at 2 by now")
				if r.Before().String() != "1" || r.Undoable() {
					t.Errorf("before %s, undoable %t", r.Before(), r.Undoable())
				}
			})
		})
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig){
		"at once":     func(r *rig) { noError(r.t, r.move(2)); r.called("CreateAlias") },
		"answer lost": func(r *rig) { r.spoil("CreateAlias", 1, 1, answerLost); noError(r.t, r.move(2)) },
		"answer lost, not there yet": func(r *rig) {
			r.spoil("CreateAlias", 1, 1, answerLost)
			r.spoil("GetAlias", 1, 1, localaws.Fault{NotYet: true})
			noError(r.t, r.move(2))
		},
		"no answer can be read": func(r *rig) { r.spoil("CreateAlias", 1, forever, cut); noError(r.t, r.move(2)) },
		"in progress":           func(r *rig) { r.spoil("CreateAlias", 1, 6, inProgress); noError(r.t, r.move(2)); r.paced() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubbleWithout(t, func(r *rig) {
				f(r)
				r.stands(alias.Written, "2")
				r.is(created)
				if r.Before().String() != "nowhere" {
					t.Errorf("before %s", r.Before())
				}
			})
		})
	}
}

func TestCreateFails(t *testing.T) {
	t.Parallel()
	t.Run("taken", func(t *testing.T) {
		t.Parallel()
		bubbleWithout(t, func(r *rig) {
			r.put("3", "[3 | run 9]")
			if err := r.move(2); !errors.Is(err, alias.ErrChanged) {
				t.Errorf("error %v", err)
			}
			r.stands(alias.Untouched, "3")
		})
	})
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		bubbleWithout(t, func(r *rig) {
			r.spoil("CreateAlias", 1, 1, denied)
			kind(t, r.move(2), awsapi.Denied)
			r.called("CreateAlias")
			r.stands(alias.Untouched, "nowhere")
		})
	})
	t.Run("never answered, and the job ends", func(t *testing.T) {
		t.Parallel()
		bubbleWithout(t, func(r *rig) {
			r.spoil("CreateAlias", 1, forever, hangs)
			ctx, cancel := context.WithCancel(awsapi.Job(r.t.Context(), 1))
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			kind(t, r.Write(ctx, r.to(2)), awsapi.Cancelled)
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("took %s", took)
			}
			r.stands(alias.Unknown, "an unknown version")
		})
	})
	t.Run("never answered", func(t *testing.T) {
		t.Parallel()
		bubbleWithout(t, func(r *rig) {
			r.spoil("CreateAlias", 1, forever, dropped)
			kind(t, r.move(2), awsapi.Unreachable)
			r.stands(alias.Unknown, "an unknown version")
			said(t, r.Whereabouts(), "prod did not exist, and may be at 2 by now")
		})
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*rig){
		"at once": func(r *rig) { noError(r.t, r.Verify(r.t.Context())); r.called("GetAlias") },
		"stale reads": func(r *rig) {
			r.spoil("GetAlias", 1, 5, stale)
			noError(r.t, r.Verify(r.t.Context()))
			r.called("GetAlias GetAlias GetAlias GetAlias GetAlias GetAlias")
			r.paced()
		},
		"not found, and there": func(r *rig) {
			r.spoil("GetAlias", 1, 2, notFound)
			noError(r.t, r.Verify(r.t.Context()))
			r.called("GetAlias GetAlias GetAlias")
			r.paced()
		},
		"another revision": func(r *rig) {
			r.put("2", "text [2 < 1 | run 500]")
			noError(r.t, r.Verify(r.t.Context()))
		},
		"another text": func(r *rig) {
			r.put("2", "other [2 < 1 | run 500]")
			noError(r.t, r.Verify(r.t.Context()))
			if r.Current().Text != "other" {
				r.t.Errorf("text %q", r.Current().Text)
			}
		},
		"never anything but stale": func(r *rig) {
			r.spoil("GetAlias", 1, forever, stale)
			began := time.Now()
			if err := r.Verify(r.t.Context()); err == nil || time.Since(began) > 10*time.Second {
				r.t.Errorf("error %v after %s", err, time.Since(began))
			}
		},
		"no answer": func(r *rig) {
			r.spoil("GetAlias", 1, forever, hangs)
			began := time.Now()
			if err := r.Verify(r.t.Context()); err == nil || time.Since(began) != 10*time.Second {
				r.t.Errorf("error %v after %s", err, time.Since(began))
			}
		},
		"after the job": func(r *rig) {
			ctx, cancel := context.WithCancel(awsapi.Job(r.t.Context(), 1))
			cancel()
			noError(r.t, r.Verify(ctx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				f(r)
				r.stands(alias.Written, "2")
				if r.Before().String() != "1" || !r.Undoable() {
					t.Errorf("before %s, undoable %t", r.Before(), r.Undoable())
				}
				if standing, err := r.undo(alias.None); standing != alias.Restored || err != nil {
					t.Errorf("undone afterwards: %d, %v", standing, err)
				}
			})
		})
	}
}

func TestVerifyFindsThatOthersHaveChangedIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		others  func(*rig)
		by, now string
	}{
		"moved":         {func(r *rig) { r.put("3", "text [3 < 2 < 1 | run 9]") }, "run 9", "3"},
		"moved by hand": {func(r *rig) { r.put("1", "text [2 < 1 | run 500]") }, "a change made outside lambda-release", "1"},
		"weights": {func(r *rig) {
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "2", Description: "text [2 < 1 | run 500]", Weights: map[string]float64{"1": 0.999}})
		}, "another run or a person", "2 (0.1 %) and 1 (99.9 %)"},
		"deleted": {func(r *rig) { r.RemoveAlias("items", "prod") }, "another run or a person", "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				r.mustMove(2)
				tt.others(r)
				lost(t, r.Verify(r.t.Context()), tt.by)
				r.stands(alias.LostToOther, tt.now)
			})
		})
	}
	t.Run("created and deleted", func(t *testing.T) {
		t.Parallel()
		bubbleWithout(t, func(r *rig) {
			r.mustMove(2)
			r.RemoveAlias("items", "prod")
			lost(t, r.Verify(r.t.Context()), "another run or a person")
			r.stands(alias.LostToOther, "nowhere")
			r.paced()
		})
	})
}

// provisioned is a bubble in which the provisioned concurrency of prod takes 20
// seconds to move.
func provisioned(t *testing.T, f func(*rig)) {
	inBubble(t, localaws.Options{Provisioning: 20 * time.Second}, "items", true, func(r *rig) {
		if err := r.ProvisionConcurrency("items", "prod"); err != nil {
			t.Fatal(err)
		}
		f(r)
	})
}

func TestAwaitRouting(t *testing.T) {
	t.Parallel()
	t.Run("moves", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.mustMove(2)
			noError(t, r.Verify(r.t.Context()))
			r.stands(alias.Written, "2 (0 %) and 1 (100 %)")
			noError(t, r.AwaitRouting(r.t.Context()))
			r.stands(alias.Written, "2")
			if len(r.log) == 0 || r.Before().String() != "1" {
				t.Errorf("log %q, before %s", r.log, r.Before())
			}
			r.paced()
			if standing, err := r.undo(alias.None); standing != alias.Restored || err != nil {
				t.Errorf("%d, %v", standing, err)
			}
			r.is(atOne)
		})
	})
	t.Run("answer lost meanwhile", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.spoil("UpdateAlias", 1, 1, answerLost)
			noError(t, r.move(2))
			noError(t, r.AwaitRouting(r.t.Context()))
			r.stands(alias.Written, "2")
		})
	})
	t.Run("AWS may not be asked", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.mustMove(2)
			noError(t, r.Verify(r.t.Context()))
			r.spoil("GetProvisionedConcurrencyConfig", 1, forever, denied)
			noError(t, r.AwaitRouting(r.t.Context()))
			if n := r.seen["GetProvisionedConcurrencyConfig"]; n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	})
	t.Run("nothing to wait for", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(r *rig) {
			r.mustMove(2)
			noError(t, r.AwaitRouting(r.t.Context()))
			r.called("")
		})
	})
	t.Run("AWS cannot provide it", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.mustMove(2)
			noError(t, r.Verify(r.t.Context()))
			r.FailProvisioning("items", "prod", "no capacity")
			time.Sleep(20 * time.Second)
			err := r.AwaitRouting(r.t.Context())
			if _, failed := errors.AsType[*awsapi.StateError](err); !failed {
				t.Fatalf("error %v", err)
			}
			said(t, err.Error(), "no capacity")
		})
	})
	t.Run("time is up", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.mustMove(2)
			noError(t, r.Verify(r.t.Context()))
			ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
			defer cancel()
			if err := r.AwaitRouting(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
		})
	})
	t.Run("moved meanwhile", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.mustMove(2)
			noError(t, r.Verify(r.t.Context()))
			time.AfterFunc(5*time.Second, func() { r.put("3", "text [3 < 2 < 1 | run 9]") })
			lost(t, r.AwaitRouting(r.t.Context()), "run 9")
		})
	})
	t.Run("before this run writes", func(t *testing.T) {
		t.Parallel()
		provisioned(t, func(r *rig) {
			r.put("2", "text [2 < 1 | run 9]")
			noError(t, r.Read(r.t.Context()))
			noError(t, r.AwaitRouting(r.t.Context()))
			r.stands(alias.Untouched, "2")
		})
	})
}

func TestReadAll(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.SetAlias("items", localaws.Alias{Name: "dev", Version: "3"})
		r.mustMove(2)
		r.spoil("ListAliases", 1, 1, stale)
		all, err := r.ReadAll(r.t.Context())
		if err != nil || all["prod"].Version != 2 || len(all) > 2 {
			t.Errorf("%v, %v", all, err)
		}
		r.before("ListAliases", 2, func() { r.RemoveAlias("items", "prod") })
		r.after("ListAliases", 2, func() { r.put("2", "text [2 < 1 | run 500]") })
		if all, err = r.ReadAll(r.t.Context()); err != nil || all["prod"].Version != 2 {
			t.Errorf("%v, %v", all, err)
		}
		r.put("3", "text [3 < 2 < 1 | run 9]")
		if all, err = r.ReadAll(r.t.Context()); err != nil || all["prod"].Version != 3 || all["dev"].Version != 3 {
			t.Errorf("%v, %v", all, err)
		}
		r.stands(alias.Written, "3")
		if !r.Overtaken() {
			t.Error("not overtaken")
		}
		r.RemoveAlias("items", "prod")
		if all, err = r.ReadAll(r.t.Context()); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		r.stands(alias.Written, "nowhere")
	})
}

func TestReadWithoutAnAlias(t *testing.T) {
	t.Parallel()
	bubbleWithout(t, func(r *rig) {
		r.stands(alias.Untouched, "nowhere")
		r.Forget()
		r.stands(alias.Untouched, "an unknown version")
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*rig)
		kind  awsapi.Kind
		ends  alias.Standing
		now   string
		is    string
	}{
		"at once":      {func(*rig) {}, awsapi.Other, alias.Written, "nowhere", ""},
		"in progress":  {func(r *rig) { r.spoil("DeleteAlias", 1, 6, inProgress) }, awsapi.Other, alias.Written, "nowhere", ""},
		"answers lost": {func(r *rig) { r.spoil("DeleteAlias", 1, forever, answerLost) }, awsapi.Other, alias.Written, "nowhere", ""},
		"denied":       {func(r *rig) { r.spoil("DeleteAlias", 1, 1, denied) }, awsapi.Denied, alias.Untouched, "1", atOne},
		"no answer":    {func(r *rig) { r.spoil("DeleteAlias", 1, forever, dropped) }, awsapi.Unreachable, alias.Unknown, "an unknown version", atOne},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				tt.spoil(r)
				err := r.Delete(r.t.Context())
				if tt.kind == awsapi.Other {
					noError(t, err)
				} else {
					kind(t, err, tt.kind)
				}
				r.stands(tt.ends, tt.now)
				r.is(tt.is)
				if r.Before().String() != "1" {
					t.Errorf("before %s", r.Before())
				}
				if tt.ends == alias.Unknown {
					said(t, r.Whereabouts(), "prod was at 1 and may be deleted by now")
				}
			})
		})
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		noError(t, r.Write(r.t.Context(), r.to(2).Shifted(r.Current(), 0, time.Now().Add(time.Hour), run)))
		a, _ := r.Alias("items", "prod")
		r.put("2", a.Description) // as CodeDeploy does
		noError(t, r.Adopt(r.t.Context()))
		r.stands(alias.Written, "2")
		if r.Before().String() != "1" {
			t.Errorf("before %s", r.Before())
		}
		r.put("2", "text [2 < 1 | run 9]")
		lost(t, r.Adopt(r.t.Context()), "run 9")
		lost(t, r.Adopt(r.t.Context()), "run 9") // and again
		r.stands(alias.LostToOther, "2")
	})
}

func TestAnnotate(t *testing.T) {
	t.Parallel()
	const noted = " text [1 | codedeploy d-1 to 2 | run 500]"
	for name, f := range map[string]func(*rig){
		"at once":               func(*rig) {},
		"answer lost":           func(r *rig) { r.spoil("UpdateAlias", 2, 2, answerLost) },
		"no answer can be read": func(r *rig) { r.spoil("UpdateAlias", 2, forever, cut) },
		"in progress":           func(r *rig) { r.spoil("UpdateAlias", 2, 4, inProgress) },
		"CodeDeploy is at work": func(r *rig) { r.put("2", r.Current().Text+" "+r.Current().History.String()) },
		"at work and answer lost": func(r *rig) {
			r.put("2", "text "+r.Current().History.String())
			r.spoil("UpdateAlias", 3, 3, answerLost)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(r *rig) {
				noError(t, r.Write(r.t.Context(), r.to(2).Shifted(r.Current(), 0, time.Now().Add(time.Hour), run)))
				f(r)
				h := r.Current().History
				h.Deployment, h.Until = "d-1", time.Time{}
				noError(t, r.Annotate(r.t.Context(), h))
				noError(t, r.Adopt(r.t.Context()))
				r.is(r.Now().String() + noted)
			})
		})
	}
	t.Run("no answer, and written late", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(r *rig) {
			noError(t, r.Write(r.t.Context(), r.to(2).Shifted(r.Current(), 0, time.Now().Add(time.Hour), run)))
			r.spoil("UpdateAlias", 2, forever, answerLost)
			h := r.Current().History
			h.Deployment, h.Until = "d-1", time.Time{}
			_ = r.Annotate(r.t.Context(), h)
			noError(t, r.Adopt(r.t.Context()))
			r.stands(alias.Written, "1")
		})
	})
	t.Run("another run", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(r *rig) {
			noError(t, r.Write(r.t.Context(), r.to(2).Shifted(r.Current(), 0, time.Now().Add(time.Hour), run)))
			r.put("3", "text [3 < 1 | run 9]")
			lost(t, r.Annotate(r.t.Context(), r.Current().History.Moved(2, run)), "run 9")
		})
	})
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.mustMove(2)
		r.HandOver("a deployment may be moving it")
		r.stands(alias.Unknown, "an unknown version")
		said(t, r.Whereabouts(), "prod was at 1; a deployment may be moving it")
		if r.Undoable() || r.Repair() != "" {
			t.Errorf("undoable %t, repair %q", r.Undoable(), r.Repair())
		}
	})
	bubbleWithout(t, func(r *rig) {
		r.mustMove(2)
		r.HandOver("it cannot be read")
		said(t, r.Whereabouts(), "prod did not exist; it cannot be read")
	})
}

func TestLeave(t *testing.T) {
	t.Parallel()
	bubble(t, func(r *rig) {
		r.mustMove(2)
		r.Leave()
		r.stands(alias.NotRestored, "2")
		said(t, r.Whereabouts(), "prod is at 2 and was at 1")
		if r.Undoable() || r.Repair() != "" {
			t.Errorf("undoable %t, repair %q", r.Undoable(), r.Repair())
		}
	})
}
