//go:build !js

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asks fills in the form of the page for each case, as a person would, and posts the
// answers to the test. A navigation is not limited by the page's policy, which allows
// no connections.
const asks = `<script>
globalThis.whichAliasReady = () => {
  const answers = CASES.map((c) => {
    for (const [id, value] of Object.entries({ rules: c.Rules, kind: c.Kind, branch: c.Branch, tag: c.Tag, number: c.Number })) {
      byId(id).value = value;
      byId(id).dispatchEvent(new Event("input", { bubbles: true }));
    }
    return { Answer: JSON.parse(answer.dataset.json), Result: answer.dataset.result, Text: answer.textContent, Hidden: [...document.querySelectorAll("[data-field][hidden]")].length };
  });
  const form = document.createElement("form");
  form.method = "post";
  form.action = "URL";
  const field = document.createElement("textarea");
  field.name = "answers";
  field.value = JSON.stringify(answers);
  form.append(field);
  document.body.append(form);
  form.submit();
};
</script>`

// shown is what the page shows for a case.
type shown struct {
	Answer       answer
	Result, Text string
	Hidden       int // fields
}

func TestPage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles to WebAssembly")
	}
	browser := findBrowser(t)
	path := filepath.Join(t.TempDir(), "page.html")
	if err := build(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	answers := answersOf(t, browser, string(html))
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d questions", len(answers), len(cases))
	}
	for i, c := range cases {
		got, want := answers[i], ask(c.question, inFile(t))
		if diff := cmp.Diff(want, got.Answer); diff != "" {
			t.Errorf("%v: (-ours +the page's):\n%s", c.question, diff)
		}
		result := "moves"
		switch {
		case want.Fails:
			result = "fails"
		case want.Alias == "":
			result = "skipped"
		}
		if got.Result != result || !strings.Contains(got.Text, want.Alias) || !strings.Contains(got.Text, want.Rule) ||
			!strings.Contains(got.Text, strings.ReplaceAll(want.Why, "`", "")) {
			t.Errorf("%v: the page shows %+v for %+v", c.question, got, want)
		}
		for _, k := range kinds {
			if k.ID == c.Kind && got.Hidden != len(fields)-len(k.fields()) {
				t.Errorf("%v: %d fields are hidden", c.question, got.Hidden)
			}
		}
	}
}

// answersOf opens the page from a file, and returns what it shows for the cases.
func answersOf(t *testing.T, browser, html string) []shown {
	t.Helper()
	posted := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posted <- r.FormValue("answers")
		}
	}))
	defer server.Close()
	var questions []question
	for _, c := range cases {
		if c.Rules == "" {
			c.Rules = " " // the form's empty field
		}
		questions = append(questions, c.question)
	}
	list, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer("CASES", string(list), "URL", server.URL).Replace(asks)
	before, after, found := strings.Cut(html, "<script>\nconst byId")
	if !found {
		t.Fatal("the page's own script was not found")
	}
	after = strings.Replace(after, "globalThis.whichAliasReady = update;", "", 1)
	path := filepath.Join(t.TempDir(), "asking.html")
	if err := os.WriteFile(path, []byte(before+script+"<script>\nconst byId"+after), 0o600); err != nil {
		t.Fatal(err)
	}

	profile, err := os.MkdirTemp("", "whichalias") //nolint:usetesting // the browser's processes may still write to it when the test ends
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(profile)
	cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+profile, "--remote-debugging-port=0", "file://"+path)
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	select {
	case text := <-posted:
		var answers []shown
		if err := json.Unmarshal([]byte(text), &answers); err != nil {
			t.Fatal(err)
		}
		return answers
	case <-time.After(2 * time.Minute):
		t.Fatal("the page has not answered within 2 minutes")
	}
	return nil
}

func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed")
	return ""
}

// TestPageLoadsNothing: the page has everything in itself, and forbids the rest.
func TestPageLoadsNothing(t *testing.T) {
	t.Parallel()
	if !strings.Contains(page, `content="default-src 'none';`) {
		t.Error("the page's policy allows it to load something")
	}
	if m := regexp.MustCompile(`(src|href)=|url\(|@import|https?:`).FindString(page); m != "" {
		t.Errorf("the page has %s", m)
	}
}
