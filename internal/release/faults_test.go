package release_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

var faults = map[string]localaws.Fault{
	"429":                     {Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate exceeded"},
	"500":                     {Status: http.StatusInternalServerError, Code: "ServiceException", Message: "An error occurred"},
	"503":                     {Status: http.StatusServiceUnavailable, Code: "ServiceUnavailableException", Message: "Service unavailable"},
	"409 in progress":         {Status: http.StatusConflict, Code: "ResourceConflictException", Message: "The operation cannot be performed at this time. An update is in progress for resource: arn"},
	"412":                     {Status: http.StatusPreconditionFailed, Code: "PreconditionFailedException", Message: "The Revision Id provided does not match the latest Revision Id."},
	"403":                     {Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "User: x is not authorized"},
	"dropped before the work": {Drop: true},
	"dropped after the work":  {DropAfter: true},
	"hangs":                   {Hang: true},
	"hangs but does the work": {DropAfter: true, Delay: 30 * time.Second},
	"slow":                    {Delay: 3 * time.Second},
	"404":                     {Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: "Function not found: arn:2"},
	"not there yet":           {NotYet: true},
	"stale":                   {Stale: true},
	"done twice":              {Twice: true},
	"answer cut":              {Garble: localaws.GarbleCut},
	"answer torn":             {Garble: localaws.GarbleTorn},
	"answer empty":            {Garble: localaws.GarbleEmpty},
	"answer in HTML":          {Garble: localaws.GarbleHTML},
}

// hides has the faults that hide an alias that was just created.
var hides = map[string]bool{"stale": true, "not there yet": true}

// TestFaults runs every operation with every fault at every call, once and for ever,
// for one function and for three (the fault hits the second), and holds what
// comes of it against what always holds. Then it runs the job again, twice.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, sc := range scenes {
		ordinary := sc.ordinary(t)
		for k, op := range sc.calls {
			for i, faultName := range slices.Sorted(maps.Keys(faults)) {
				fault := faults[faultName]
				if testing.Short() && i%3 != k%3 {
					continue // each fault at every third call
				}
				for _, times := range []int{1, 1 << 30} {
					for _, names := range [][]string{{"orders"}, shop} {
						if sc.onlyMany && len(names) == 1 || sc.onlyOne && len(names) > 1 {
							continue
						}
						if testing.Short() && (times > 1 || len(names) == 1 && !sc.onlyOne) {
							continue // the race detector needs every path of several functions, once
						}
						if times > 1 && op == "GetAlias" && (faultName == "404" || (sc.absent || sc.name == "alias to create") && hides[faultName]) {
							continue // what AWS never shows cannot be reported either
						}
						name := fmt.Sprintf("%s, %s %s ×%d, %d functions", sc.name, op, faultName, times, len(names))
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							synctest.Test(t, func(t *testing.T) { faultCase(t, sc, op, fault, times, names, ordinary) })
						})
					}
				}
			}
		}
	}
}

func faultCase(t *testing.T, sc scene, op string, fault localaws.Fault, times int, names []string, ordinary int) {
	w := sc.stage(t, names)
	before := snapshot(w, names)
	var mu sync.Mutex
	hits := 0
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Operation != op || c.Function != "orders" && c.Function != "" {
			return nil
		}
		if hits++; hits <= sc.skip || hits-sc.skip > times {
			return nil
		}
		return &fault
	})
	res := sc.job(w, names)
	mu.Lock()
	if hits <= sc.skip {
		t.Error("never met the fault")
	}
	mu.Unlock()
	holds(t, w, names, before, res)
	if sc.absent {
		ordinary += 8 // what was created is read with all that it has, and deleted
		holdsCreated(t, w, res)
	}
	for _, fn := range names {
		for _, v := range sc.inUse {
			if !slices.Contains(w.Versions(fn), v) {
				t.Errorf("version %s of %s is in use and was deleted", v, fn)
			}
		}
	}
	if fault.Stale || fault.NotYet || 400 < fault.Status && fault.Status < 500 { // the SDK itself tries the others again
		if strings.HasPrefix(sc.name, "CodeDeploy") {
			ordinary += 4 // a deployment that is abandoned is stopped, and followed to its end: another wait
		}
		if sc.operation == release.DeleteAlias {
			ordinary += 7 // what one read does not show is found by a later one, and deleted
		}
		for _, fn := range names {
			paced(t, w.Calls(), fn, ordinary)
		}
	}

	// What always goes wrong may not end well; what went wrong once must not
	// keep a second run from ending where the first should have.
	w.OnCall(nil)
	again := 2
	if len(names) > 1 && !sc.onlyMany {
		again = 1 // the case of one function shows the rest
	}
	for range again {
		res = sc.job(w, names)
		for i, fn := range names {
			o := res.Outcomes[i]
			if o.Status == release.Failed {
				t.Errorf("run again, %s ended %s: %s %v", fn, o.Status, o.Reason, o.Err)
			}
			if got := w.state(fn); got != sc.endOf(w, fn) {
				t.Errorf("run again, %s:prod is at %s", fn, got)
			}
			if v := w.Versions(fn); len(v) != cmp.Or(sc.versions, 2) {
				t.Errorf("%s has versions %v, want %d of them", fn, v, cmp.Or(sc.versions, 2))
			}
		}
	}
	for _, fn := range names {
		if got := w.belongings(fn, "prod"); sc.has != "" && got != sc.has {
			t.Errorf("run again, %s:prod has %q, want %q", fn, got, sc.has)
		}
	}
	if again == 2 && res.Status() != release.Unchanged {
		t.Errorf("run a third time, it ended %s", res.Status())
	}
	if t.Failed() {
		t.Logf("log:\n%s", w.log)
	}
}

// snapshot is each function's prod: where it is, and its description.
func snapshot(w *world, names []string) map[string]localaws.Alias {
	all := map[string]localaws.Alias{}
	for _, fn := range names {
		all[fn], _ = w.Alias(fn, "prod")
	}
	return all
}

// positions is where each function's prod is, in the words of a Position.
func positions(w *world, names []string) map[string]string {
	at := map[string]string{}
	for fn, a := range snapshot(w, names) {
		at[fn] = positionOf(a).String()
	}
	return at
}

// positionOf is the position of an alias, as it is reported.
func positionOf(a localaws.Alias) alias.Position {
	p := alias.Position{Weights: map[version]float64{}}
	p.Version, _ = parseVersion(a.Version)
	for v, share := range a.Weights {
		number, _ := parseVersion(v)
		p.Weights[number] = share
	}
	return p
}

// holds checks what must be true however an operation ended.
func holds(t *testing.T, w *world, names []string, before map[string]localaws.Alias, res release.Result) {
	t.Helper()
	changed := false
	after := snapshot(w, names)
	for i, fn := range names {
		o, was, is := res.Outcomes[i], positionOf(before[fn]), positionOf(after[fn])
		alone := o.Status == release.Deleted || o.Status == release.Locked // whatever becomes of the others
		changed = changed || !alone && !was.Equal(is)
		switch {
		case o.Status == release.Deleted:
			if is.Version != none {
				t.Errorf("%s ended %s, but prod is at %s", fn, o.Status, is)
			}
		case res.Operation == release.Lock && o.Status == release.Locked, o.Status == release.Unlocked:
			if is.Version != was.Version || len(is.Weights) > 0 || !strings.Contains(after[fn].Description, "| "+string(o.Status)) || !strings.HasSuffix(after[fn].Description, "| run 500]") {
				t.Errorf("%s ended %s, but prod is at %s, described %q", fn, o.Status, is, after[fn].Description)
			}
		case o.Version != none && succeeded(o.Status):
			if is.String() != o.Version.String() {
				t.Errorf("%s ended %s with %s, but prod is at %s", fn, o.Status, o.Version, is)
			}
		case o.NotAsItWas:
			if !strings.Contains(o.Reason, "prod") {
				t.Errorf("%s is not as it was and its reason says not where: %q", fn, o.Reason)
			}
		default:
			if !is.Equal(was) {
				t.Errorf("%s ended %s (%s, %v), but prod went from %s to %s", fn, o.Status, o.Reason, o.Err, was, is)
			}
			if o.Status == release.Failed && before[fn].Description != after[fn].Description {
				t.Errorf("%s failed (%v), but prod is described %q", fn, o.Err, after[fn].Description)
			}
		}
		if !o.After.Unknown && !o.After.Equal(is) && o.After.String() != is.String() {
			t.Errorf("%s is reported at %s and is at %s", fn, o.After, is)
		}
		if !o.Before.Unknown && o.Before.String() != was.String() {
			t.Errorf("%s is reported to have been at %s and was at %s", fn, o.Before, was)
		}
		if res.Operation == release.Release && is.Version < was.Version {
			t.Errorf("%s:prod was moved back from %s to %s", fn, was, is)
		}
		exist := w.Versions(fn)
		if a := after[fn]; a.Version != "" && a.Version != "$LATEST" && !slices.Contains(exist, a.Version) {
			t.Errorf("%s:prod is at %s, which does not exist", fn, a.Version)
		}
		if o.Published && !slices.Contains(exist, o.Version.String()) {
			t.Errorf("%s has published %s, which does not exist", fn, o.Version)
		}
		for _, v := range o.Pruned {
			if slices.Contains(exist, v.String()) {
				t.Errorf("%s: version %s was deleted, and exists", fn, v)
			}
		}
	}
	exitHolds(t, res, changed)
}

func succeeded(s release.Status) bool {
	return slices.Contains([]release.Status{release.Released, release.Promoted, release.RolledBack, release.Unchanged}, s)
}

// exitHolds checks the exit code, and that a failure has its error.
func exitHolds(t *testing.T, res release.Result, changed bool) {
	t.Helper()
	for _, o := range res.Outcomes {
		for _, text := range append([]string{o.Reason, fmt.Sprint(o.Err)}, o.Warnings...) {
			if strings.Contains(text, "nowhere") || strings.Contains(text, "%!") {
				t.Errorf("%s: %s", o.Function, text)
			}
		}
	}
	if res.Status() == release.Failed != (res.ExitCode() != release.ExitDone) {
		t.Errorf("ended %s with exit code %d", res.Status(), res.ExitCode())
	}
	if code := res.ExitCode(); code == release.ExitFailed && changed {
		t.Errorf("exit code %d, but an alias has moved", code)
	}
	failed := func(o release.Outcome) bool { return o.Err != nil }
	if res.Status() == release.Failed && !slices.ContainsFunc(res.Outcomes, failed) {
		t.Error("failed without an error")
	}
}
