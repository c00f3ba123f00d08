package release_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// The alias cannot be read after the move. Where nothing took time since the answer
// to the write, that is a warning; after a bake its position is unknown.
func TestTheLastWordCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"500", "hangs", "403"} {
		for _, bake := range []time.Duration{0, 10 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.AddFunction("items")
				toMove(w, "items")
				fault, reads := faults[name], 0
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation != "GetAlias" {
						return nil
					}
					if reads++; reads == 1 || bake > 0 && reads == 2 {
						return nil
					}
					return &fault
				})
				req := on(run(9), "items")
				baking(&req, bake)
				began := time.Now()
				res := w.releaser(time.Minute).Run(t.Context(), req)
				o, took := res.Outcomes[0], time.Since(began)-bake
				w.at("items", "prod", "2", "text [2 < 1 | run 9]")
				if took > 11*time.Second {
					t.Errorf("%s, bake %s: took %s", name, bake, took)
				}
				switch {
				case bake == 0 && (o.Status != release.Released || len(o.Warnings) != 1 || res.ExitCode() != release.ExitDone):
					t.Errorf("%s: ended %s with %d warnings: %v", name, o.Status, len(o.Warnings), o.Err)
				case bake > 0 && (o.Status != release.Failed || !o.After.Unknown || res.ExitCode() != release.ExitNotAsItWas):
					t.Errorf("%s, bake %s: ended %s at %s: %v", name, bake, o.Status, o.After, o.Err)
				}
			})
		}
	}
}
