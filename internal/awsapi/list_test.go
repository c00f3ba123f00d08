package awsapi_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/configuration"
	"lambda-release/internal/localaws"
)

func withVersions(t *testing.T, n int) *cloud {
	t.Helper()
	w := newCloud(t, localaws.Options{})
	for i := range n {
		w.Upload(items.Name, strconv.Itoa(i))
		w.Publish(items.Name, fmt.Sprintf("version %d", i+1))
	}
	return w
}

func TestVersionsComePageByPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ versions, pages int }{
		{0, 1}, {49, 1}, {50, 2}, {120, 3}, // $LATEST is in the first page of 50
	} {
		w := withVersions(t, tt.versions)
		n := 0
		for v, err := range w.open(t).Versions(t.Context(), items) {
			if n++; err != nil || v.Version != strconv.Itoa(n) || v.Description != "version "+v.Version {
				t.Fatalf("the %d. of %d: %+v, %v", n, tt.versions, v, err)
			}
		}
		if pages := w.count(""); n != tt.versions || pages != tt.pages {
			t.Errorf("%d versions in %d pages, want %d in %d", n, pages, tt.versions, tt.pages)
		}
	}
}

func TestVersionsStopWhereNobodyAsksOn(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 120)
	for v, err := range w.open(t).Versions(t.Context(), items) {
		if err != nil || v.Version == "10" {
			break
		}
	}
	if n := w.count(""); n != 1 {
		t.Errorf("%d pages were read", n)
	}
}

func TestAnErrorEndsTheVersions(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 120)
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Attempt == 2 {
			return &refused
		}
		return nil
	})
	n, failures := 0, 0
	for _, err := range w.open(t).Versions(t.Context(), items) {
		if err != nil {
			failures++
			isKind(t, err, awsapi.Denied)
			says(t, err.Error(), "ListVersionsByFunction items: ")
			continue
		}
		n++
	}
	if n != 49 || failures != 1 || w.count("") != 2 {
		t.Errorf("%d versions, %d errors, %d pages", n, failures, w.count(""))
	}
}

func TestAliasesOfAllPages(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 2)
	for i := range 120 {
		w.SetAlias(items.Name, localaws.Alias{Name: fmt.Sprintf("pr-%03d", i), Version: "1", Description: "[1]"})
	}
	w.SetAlias(items.Name, localaws.Alias{Name: "canary", Version: "1", Weights: map[string]float64{"2": 0.1}})
	client := w.open(t)
	all, err := client.Aliases(t.Context(), items)
	if err != nil || len(all) != 121 || w.count("") != 3 {
		t.Fatalf("%d aliases in %d pages, %v", len(all), w.count(""), err)
	}
	one, err := client.Alias(t.Context(), items, "canary")
	if err != nil {
		t.Fatal(err)
	}
	was, _ := w.Alias(items.Name, "canary")
	want := awsapi.Alias{
		Name: "canary", ARN: w.FunctionARN(items.Name, "canary"), Version: "1", Weights: map[string]float64{"2": 0.1}, Revision: was.RevisionId,
	}
	if diff := cmp.Diff(want, all[0]); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}

	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "ListAliases" && c.Attempt == 5 {
			return &refused
		}
		return nil
	})
	if all, err := client.Aliases(t.Context(), items); err == nil || all != nil {
		t.Errorf("a list without its second page: %d, %v", len(all), err)
	}
}

// DeleteFunction without a version number deletes the function.
func TestDeleteVersionTakesNumbersOnly(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 2)
	client := w.open(t)
	for _, version := range []string{"", " ", "$LATEST", "prod", "-1", "+1", "1.0", "0x1", "1 ", "1:2", "99999999999999999999999"} {
		if err := client.DeleteVersion(t.Context(), items, version); err == nil || awsapi.EffectOf(err) != awsapi.NotSent {
			t.Errorf("DeleteVersion(%q): %v", version, err)
		}
	}
	if n := w.count(""); n != 0 {
		t.Errorf("%d calls", n)
	}
	for range 2 { // what is gone is deleted
		if err := client.DeleteVersion(t.Context(), items, "1"); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"2"}, w.Versions(items.Name)); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

// An update without a RoutingConfig would leave old weights in force, and one
// without a RevisionId would overwrite the change of another run.
func TestUpdateAliasSaysAll(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 3)
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1", Description: "text", Weights: map[string]float64{"2": 0.1}})
	was, _ := w.Alias(items.Name, "prod")
	client := w.open(t)
	now, err := client.UpdateAlias(t.Context(), items, awsapi.Alias{Name: "prod", Version: "3", Revision: was.RevisionId})
	if err != nil {
		t.Fatal(err)
	}
	is, _ := w.Alias(items.Name, "prod")
	want := awsapi.Alias{Name: "prod", ARN: w.FunctionARN(items.Name, "prod"), Version: "3", Revision: is.RevisionId}
	if diff := cmp.Diff(want, now); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(is.Weights) > 0 || is.Description != "" {
		t.Errorf("left over: %+v", is)
	}
	says(t, w.bodies("UpdateAlias"), `"RevisionId":"`+was.RevisionId+`"`, `"RoutingConfig":{"AdditionalVersionWeights":{}}`, `"Description":""`)

	again := awsapi.Alias{Name: "prod", Version: "3", Revision: is.RevisionId, Weights: map[string]float64{"2": 0.25}}
	if now, err = client.UpdateAlias(t.Context(), items, again); err != nil || now.Weights["2"] != 0.25 {
		t.Errorf("%+v, %v", now, err)
	}
}

func TestCreateAndDeleteAlias(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	client := w.open(t)
	made, err := client.CreateAlias(t.Context(), items, awsapi.Alias{Name: "prod", Version: "1", Description: "[1 | run 5]"})
	is, _ := w.Alias(items.Name, "prod")
	if err != nil || made.Revision != is.RevisionId || made.Version != "1" || is.Description != "[1 | run 5]" {
		t.Errorf("%+v, %v", made, err)
	}
	for range 2 { // what is gone is deleted
		if err := client.DeleteAlias(t.Context(), items, "prod"); err != nil {
			t.Error(err)
		}
	}
	if _, ok := w.Alias(items.Name, "prod"); ok {
		t.Error("it is still there")
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.AddFunction("orders", func(f *localaws.Function) {
		f.Description, f.Runtime, f.Handler, f.Role = "text", "nodejs22.x", "index.handler", "arn:aws:iam::123456789012:role/orders"
		f.MemorySize, f.Timeout = 512, 30
		f.Environment = map[string]string{"TABLE": "orders"}
		f.Layers = []string{"arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"}
		f.Architectures, f.DeadLetterConfig = []string{"arm64"}, "arn:aws:sqs:eu-central-1:123456789012:dead"
		f.Code = []byte("1234")
	})
	w.SetState("orders", "", "Pending", "Creating", "Being made.")
	w.SetLastUpdate("orders", "InProgress", "Creating", "")
	got, err := w.open(t).Configuration(t.Context(), named(t, "orders"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := awsapi.Configuration{
		Revision: got.Revision, Fingerprint: got.Fingerprint, Settings: got.Settings,
		Version: "$LATEST", ARN: w.FunctionARN("orders", ""), Description: "text",
		State: "Pending", StateReason: "Being made. (Creating)", LastUpdate: "InProgress", LastUpdateReason: "Creating",
		CodeSHA256: got.CodeSHA256, CodeBytes: 4, LastModified: got.LastModified,
		PackageType: "Zip", Runtime: "nodejs22.x", Handler: "index.handler",
		Role: "arn:aws:iam::123456789012:role/orders", DeadLetter: "arn:aws:sqs:eu-central-1:123456789012:dead",
		Architectures: []string{"arm64"}, Layers: []string{"arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"},
		Environment: map[string]string{"TABLE": "orders"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(awsapi.Configuration{}, configuration.Configuration{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if settings := string(got.Settings.JSON()); !strings.Contains(settings, `"MemorySize":512,"Role":`) || !strings.Contains(settings, `"Timeout":30`) {
		t.Error(settings)
	}
	if len(got.CodeSHA256) != 44 || got.LastModified == "" {
		t.Errorf("code %q, modified %q", got.CodeSHA256, got.LastModified)
	}
}
