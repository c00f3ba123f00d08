package awsapi_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// What refers to a qualifier is read of all pages, and by that qualifier.
func TestURLs(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	client := w.open(t)
	var want []awsapi.URL
	for i := range 60 {
		name := fmt.Sprintf("pr-%02d", i)
		w.SetAlias(items.Name, localaws.Alias{Name: name, Version: "1"})
		u, err := client.CreateURL(t.Context(), items, name, awsapi.URLPublic, awsapi.CORS{})
		if err != nil || u.Qualifier != name || u.Auth != "NONE" || u.Address == "" {
			t.Fatalf("%+v, %v", u, err)
		}
		want = append(want, u)
	}
	if got, err := client.URLs(t.Context(), items); err != nil || !cmp.Equal(want, got) || w.count("ListFunctionUrlConfigs") != 2 {
		t.Errorf("%v, %d pages\n%s", err, w.count("ListFunctionUrlConfigs"), cmp.Diff(want, got))
	}
	if _, err := client.CreateURL(t.Context(), items, "pr-07", awsapi.URLIAM, awsapi.CORS{}); !awsapi.Is(err, awsapi.Conflict) {
		t.Errorf("a second one: %v", err)
	}
	if got, err := client.URL(t.Context(), items, "pr-07"); err != nil || !cmp.Equal(got, want[7]) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := client.DeleteURL(t.Context(), items, "pr-07"); err != nil {
		t.Error(err)
	}
	_, err := client.URL(t.Context(), items, "pr-07")
	isKind(t, err, awsapi.NotFound)
	isKind(t, client.DeleteURL(t.Context(), items, "pr-07"), awsapi.NotFound)
}

// CORS settings are written whole, and removed whole.
func TestCORS(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	client := w.open(t)
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	_, err := client.SetCORS(t.Context(), items, "prod", awsapi.CORS{AllowOrigins: []string{"*"}})
	isKind(t, err, awsapi.NotFound)
	all := awsapi.CORS{
		AllowOrigins: []string{"https://shop.example.com"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"X-A"},
		ExposeHeaders: []string{"X-B"}, MaxAge: 300, AllowCredentials: true,
	}
	made, err := client.CreateURL(t.Context(), items, "prod", awsapi.URLPublic, all)
	if err != nil || !cmp.Equal(made.CORS, all) {
		t.Fatalf("%+v, %v", made, err)
	}
	for _, want := range []awsapi.CORS{{AllowOrigins: []string{"*"}}, all, {}} {
		got, err := client.SetCORS(t.Context(), items, "prod", want)
		if diff := cmp.Diff(want, got.CORS, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if again, err := client.URL(t.Context(), items, "prod"); err != nil || !cmp.Equal(again, got) {
			t.Errorf("%+v, %v", again, err)
		}
		if got.Address != made.Address || got.Auth != made.Auth || got.CORS.IsZero() != want.IsZero() {
			t.Errorf("%+v", got)
		}
	}
}

func TestAsyncSettings(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	client := w.open(t)
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	minute := int32(60)
	want := []awsapi.AsyncSettings{
		{Qualifier: "$LATEST", Retries: new(int32)},
		{Qualifier: "prod", MaxSeconds: &minute, OnSuccess: "arn:aws:sqs:eu-central-1:123456789012:done", OnFailure: "arn:aws:sqs:eu-central-1:123456789012:failed"},
	}
	for _, s := range want {
		if err := client.PutAsyncSettings(t.Context(), items, s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.AllAsyncSettings(t.Context(), items)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if err := client.DeleteAsyncSettings(t.Context(), items, "prod"); err != nil {
		t.Error(err)
	}
	isKind(t, client.DeleteAsyncSettings(t.Context(), items, "prod"), awsapi.NotFound)
}

func TestMappings(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	var want []awsapi.Mapping
	for i := range 120 {
		qualifier := []string{"", "1"}[i%2]
		source := fmt.Sprintf("arn:aws:sqs:eu-central-1:123456789012:queue-%d", i)
		want = append(want, awsapi.Mapping{UUID: w.AddEventSourceMapping(items.Name, qualifier, source), Source: source, FunctionARN: w.FunctionARN(items.Name, qualifier), State: "Enabled"})
	}
	got, err := w.open(t).Mappings(t.Context())
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b awsapi.Mapping) bool { return a.UUID < b.UUID })); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestRunningExecutions(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 3)
	w.SetDurableExecution(items.Name, "1", "a", "RUNNING")
	w.SetDurableExecution(items.Name, "2", "b", "SUCCEEDED")
	for version, want := range map[string]bool{"1": true, "2": false, "3": false} {
		if got, err := w.open(t).HasUnfinishedExecutions(t.Context(), items, version); got != want || err != nil {
			t.Errorf("version %s: %t, %v", version, got, err)
		}
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	for i := range 120 {
		w.AddFunction(fmt.Sprintf("orders-%03d", i))
	}
	got, err := w.open(t).Functions(t.Context())
	if err != nil || len(got) != 121 || got[0].ARN != w.FunctionARN("items", "") || w.count("ListFunctions") != 3 {
		t.Errorf("%d functions in %d pages, %v", len(got), w.count("ListFunctions"), err)
	}
}

// A list of the whole account cannot be limited to a resource.
func TestListsOfAllDenied(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.spoil("", always, refused)
	client := w.open(t)
	_, mappings := client.Mappings(t.Context())
	_, functions := client.Functions(t.Context())
	for _, err := range []error{mappings, functions} {
		if d := denialOf(t, err); d.Resource != "*" {
			t.Errorf("%v: %+v", err, d)
		}
	}
}

func TestAllProvisionedConcurrency(t *testing.T) {
	t.Parallel()
	w := withVersions(t, 1)
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	client := w.open(t)
	if err := w.ProvisionConcurrency(items.Name, "prod"); err != nil {
		t.Fatal(err)
	}
	got, err := client.AllProvisionedConcurrency(t.Context(), items)
	if err != nil || len(got) != 1 || got[0].Qualifier != "prod" || got[0].Requested == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for range 2 {
		if err := client.DeleteProvisionedConcurrency(t.Context(), items, "prod"); err != nil {
			t.Error(err)
		}
	}
}
