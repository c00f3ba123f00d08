package release_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// TestAnAliasDeletedAfterItsMove: whenever another run deletes the alias while callers
// are led to it, the job ends soon, and its error is that the alias is gone.
func TestAnAliasDeletedAfterItsMove(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"created": "", "moved": "1", "in its place": "2"} {
		gone := 0
		for n, reached := 1, true; reached; n++ {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.AddFunction("items")
				w.give("items", "")
				w.AddRestStage("a1b2c3d4e5", "prod", nil)
				w.Publish("items", "")
				w.Upload("items", "2")
				if before == "2" {
					w.Publish("items", "")
				}
				if before != "" {
					w.SetAlias("items", localaws.Alias{Name: "prod", Version: before, Description: "[" + before + " | run 1]"})
				}
				req := on(bound(9), "items")
				req.URLs, req.CopyFrom = public(req), release.FromFunction
				var res release.Result
				var at string
				began := time.Now()
				at, reached = w.during(n, func() { w.RemoveAlias("items", "prod") }, func() {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
					defer cancel()
					res = w.releaser(10*time.Minute).Run(ctx, req)
				})
				if took := time.Since(began); took > 20*time.Second {
					t.Errorf("%s, deleted at call %d, %s: took %s", name, n, at, took)
				}
				o := res.Outcomes[0]
				if o.Status != release.Failed { // it was deleted before the move, or after all that needs it
					return
				}
				gone++
				if o.After.Version != none || o.After.Unknown || res.ExitCode() != release.ExitFailed || o.URL != "" || !strings.Contains(o.Err.Error(), "prod was deleted by another run or a person") {
					t.Errorf("%s, deleted at call %d, %s: exit code %d, at %s, URL %q: %v", name, n, at, res.ExitCode(), o.After, o.URL, o.Err)
				}
			})
		}
		if gone < 9 {
			t.Errorf("%s: found to be deleted %d times", name, gone)
		}
	}
}
