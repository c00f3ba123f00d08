package release_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// A failed version is made anew by a write of $LATEST. Whatever becomes of the
// answer to that write, one version is made.
func TestAFailedVersionIsMadeAnewOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]localaws.Fault{
		"":                       {},
		"409 in progress":        faults["409 in progress"],
		"dropped after the work": {DropAfter: true},
		"a cut answer":           {Garble: localaws.GarbleCut},
		"an empty answer":        {Garble: localaws.GarbleEmpty},
		"a page of HTML":         {Garble: localaws.GarbleHTML},
		"delivered twice":        {Twice: true},
	} {
		for _, times := range []int{1, 5} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.AddFunction("items")
				w.versions("items", 2)
				w.SetState("items", "2", "Failed", "InternalError", "The snapshot could not be made.")
				w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
				seen := 0
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation != "UpdateFunctionConfiguration" || seen == times {
						return nil
					}
					seen++
					return &fault
				})
				res := w.releaser(time.Minute).Run(t.Context(), on(run(9), "items"))
				if o := res.Outcomes[0]; o.Status != release.Released || o.Version != 3 || !o.Published {
					t.Errorf("%s ×%d: ended %s with version %s: %v", name, times, o.Status, o.Version, o.Err)
				}
				w.at("items", "prod", "3", "[3 < 1 | run 9]")
				if made := w.Versions("items"); len(made) != 3 {
					t.Errorf("%s ×%d: versions %v", name, times, made)
				}
			})
		}
	}
}
