package report

import (
	"regexp"
	"sync"

	"lambda-release/internal/release"
)

// functionURL matches the URL of a function as AWS makes it.
var functionURL = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^https://[a-z0-9.-]+/$`) })

// urlPart links the function URLs, and says who may call them.
func urlPart(res release.Result) string {
	var items []string
	for _, o := range res.Outcomes {
		if o.URL == "" {
			continue
		}
		url := markdown(o.URL)
		if functionURL().MatchString(o.URL) {
			url = "<" + o.URL + ">"
		}
		who := "callers sign their requests, and need `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction` on this alias in their own policies"
		if o.PublicURL {
			who = "everyone may call it"
		}
		items = append(items, "- "+code(subject(o))+": "+url+" ("+who+")\n")
	}
	return list("Function URLs", items)
}
