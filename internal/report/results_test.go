package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

// TestSchemaHasEveryField: docs/results.schema.json has the fields of the elements of
// `results`, and requires all of them.
func TestSchemaHasEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct {
			Required   []string
			Properties map[string]any
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	objects := map[string]any{
		"outcome": result{}, "inspection": statusResult{}, "latest": latestResult{}, "versions": stockResult{}, "prune": pruneResult{},
		"alias": aliasResult{}, "shift": shiftResult{}, "lock": lockResult{},
	}
	for name, object := range objects {
		var want []string
		for field := range reflect.TypeOf(object).Fields() {
			want = append(want, field.Tag.Get("json"))
		}
		slices.Sort(want)
		def := schema.Defs[name]
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(def.Properties))); diff != "" {
			t.Errorf("properties of %s (-struct +schema):\n%s", name, diff)
		}
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(def.Required))); diff != "" {
			t.Errorf("required of %s (-struct +schema):\n%s", name, diff)
		}
	}
	for name, def := range schema.Defs {
		if _, ok := objects[name]; !ok && def.Properties != nil {
			t.Errorf("%s is an object in the schema only", name)
		}
	}
}

// TestResultsFit: GitHub does not pass more than 1 MiB to other jobs. What does not fit
// is left out as a whole, failures and changes from outside last, and is reported.
func TestResultsFit(t *testing.T) {
	t.Parallel()
	res := release.Result{Operation: release.ReadStatus}
	for n := range 1000 {
		i := release.Inspection{}
		for a := range 5 {
			i.Aliases = append(i.Aliases, release.AliasStatus{Name: fmt.Sprint("a", a), State: alias.State{Position: at(12)}})
		}
		o := release.Outcome{Function: fmt.Sprintf("fn%03d", n), Status: release.Unchanged, Inspection: &i}
		switch n {
		case 997:
			o.Status, o.Reason = release.Drifted, "changed"
		case 998:
			o.Status, o.Err, o.Inspection = release.Failed, errDenied, nil
		}
		res.Outcomes = append(res.Outcomes, o)
	}
	text := resultsJSON(res)
	var entries []struct{ Function string }
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatal(err)
	}
	if len(text) > maxResults || len(text) < maxResults-2000 || entries[0].Function != "fn998" || entries[1].Function != "fn997" || entries[2].Function != "fn000" {
		t.Errorf("%d bytes, %d functions, %v first", len(text), len(entries), entries[:3])
	}
	warned := incomplete(res)
	if len(warned) != 1 || !strings.Contains(warned[0].text, fmt.Sprintf("%d of 1000 functions are in it", len(entries))) {
		t.Errorf("warned %+v", warned)
	}

	res.Outcomes = res.Outcomes[:3]
	if text := resultsJSON(res); incomplete(res) != nil || !strings.HasPrefix(text, `[{"function":"fn000"`) || strings.Count(text, `"function"`) != 3 {
		t.Errorf("three functions: %s", text)
	}
}
