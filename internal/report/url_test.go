package report

import (
	"strings"
	"testing"

	"lambda-release/internal/release"
)

// Only a URL such as AWS makes is a link.
func TestURLPart(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"": "",
		"https://abc123.lambda-url.eu-central-1.on.aws/":   "<https://abc123.lambda-url.eu-central-1.on.aws/> (everyone may call it)",
		"https://a/> <b> [x](https://evil.example)":        `https\://a/\> \<b\> \[x\](https\://evil.example) (everyone may call it)`,
		"https://abc.lambda-url.eu-central-1.on.aws/\n# x": `https\://abc.lambda-url.eu-central-1.on.aws/`,
	} {
		got := urlPart(release.Result{Outcomes: []release.Outcome{{Function: "items", Alias: "prod", URL: url, PublicURL: true}}})
		if !strings.Contains(got, want) || (url == "") != (got == "") || strings.Count(got, "\n#") > 0 && !strings.HasPrefix(got, "#### ") {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}
