package release_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// A prune of many versions takes minutes at AWS's rate. What refers to a version was
// read seconds before it is deleted, and AWS throttles nothing.
func TestPruneOfManyReadsJustBeforeItDeletes(t *testing.T) {
	t.Parallel()
	const many = 1000
	for name, tt := range map[string]struct {
		durable bool
		most    time.Duration // that it takes
	}{
		"ordinary": {false, 140 * time.Second},
		"durable":  {true, 215 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{Latency: 20 * time.Millisecond, Rate: 15})
				for _, fn := range []string{"orders", "items"} {
					w.AddFunction(fn, func(f *localaws.Function) {
						if tt.durable {
							f.Durable = &localaws.DurableConfig{}
						}
					})
				}
				w.versions("items", many+3)
				w.versions("orders", 4)
				time.AfterFunc(tt.most-40*time.Second, func() { // late in the prune
					w.AddEventSourceMapping("items", fmt.Sprint(many), "arn:aws:sqs:eu-central-1:123456789012:queue")
				})
				req := run(1)
				req.Keep = 3
				began := time.Now()
				res := w.releaser(10*time.Minute).Run(t.Context(), as(release.Prune, on(req, "orders", "items")))
				if took := time.Since(began); took > tt.most {
					t.Errorf("took %s", took)
				}
				want := append([]string{fmt.Sprint(many)}, strings.Fields("1001 1002 1003")...)
				if got := w.Versions("items"); !slices.Equal(got, want) || statuses(res) != "pruned pruned" {
					t.Errorf("%s, left %v", statuses(res), got)
				}
				recent(t, w.Calls())
				if log := w.log.String(); !strings.Contains(log, "of 1000 versions after 10s") || !strings.Contains(log, "of 1000 versions after 40s") {
					t.Errorf("the log has no progress:\n%s", log)
				}
			})
		})
	}
}

// A function that a glob has matched is deleted while the prune is at work on it.
func TestPruneOfAFunctionThatIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"ListAliases", "DeleteFunction"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, localaws.Options{})
			for _, fn := range []string{"items", "preview"} {
				w.AddFunction(fn)
				w.versions(fn, 6)
			}
			var mu sync.Mutex
			seen := map[string]int{}
			w.OnCall(func(c localaws.Call) *localaws.Fault {
				if c.Function != "preview" {
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				if seen[c.Operation]++; seen["ListAliases"] < 2 || from == "DeleteFunction" && seen[from] == 0 {
					return nil
				}
				return &localaws.Fault{Status: 404, Code: "ResourceNotFoundException", Message: "Function not found: " + w.FunctionARN("preview", "")}
			})
			req := on(as(release.Prune, run(1)), "items")
			req.Keep, req.Globs = 3, []function.Pattern{"prev*"}
			res := w.releaser(time.Minute).Run(t.Context(), req)
			if o := res.Outcomes[1]; statuses(res) != "pruned unchanged" || res.ExitCode() != release.ExitDone {
				t.Errorf("deleted at %s: %s, exit code %d: %s: %v %q", from, statuses(res), res.ExitCode(), o.Reason, o.Err, o.Warnings)
			}
		})
	}
}

// recent checks that all that may refer to a version was read within 7 seconds before
// it was deleted, and that no call was throttled.
func recent(t *testing.T, calls []localaws.Call) {
	t.Helper()
	last := map[string]time.Time{}
	deletes, lists := 0, 0
	for _, c := range calls {
		if c.Status == 429 {
			t.Errorf("%s was throttled", c.Operation)
		}
		last[c.Operation+" "+c.Function+" "+c.Qualifier] = c.Start
		switch c.Operation {
		case "ListEventSourceMappings":
			lists++
		case "DeleteFunction":
			deletes++
			for _, read := range []string{
				"ListEventSourceMappings  ", "ListAliases " + c.Function + " ", "ListProvisionedConcurrencyConfigs " + c.Function + " ",
				"ListFunctionEventInvokeConfigs " + c.Function + " ", "GetPolicy " + c.Function + " " + c.Qualifier,
			} {
				if age := c.Start.Sub(last[read]); age > 7*time.Second {
					t.Errorf("%s was read %s before version %s of %s was deleted", read, age, c.Qualifier, c.Function)
				}
			}
		}
	}
	if deletes < 1000 || lists > deletes/25 {
		t.Errorf("%d deletes with %d lists of mappings", deletes, lists)
	}
}
