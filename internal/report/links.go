package report

import (
	"regexp"
	"strings"
	"sync"
)

// Links are the pages of a run and of its commit. What is not known is "".
type Links struct {
	Run, RunURL       string
	Commit, CommitURL string
}

// pageURL matches the URLs that are linked: without anything that ends a link.
var pageURL = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^https?://[A-Za-z0-9._~:/?#&=%+@-]+$`) })

// markdown is the last line of a summary that leaves the page of the run.
func (l Links) markdown() string {
	var parts []string
	for _, p := range [][3]string{{"run ", l.Run, l.RunURL}, {"commit ", l.Commit, l.CommitURL}} {
		switch {
		case p[1] == "":
		case pageURL().MatchString(p[2]):
			parts = append(parts, p[0]+"["+markdown(p[1])+"]("+p[2]+")")
		default:
			parts = append(parts, p[0]+markdown(p[1]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	text := strings.Join(parts, ", ")
	return "\n" + strings.ToUpper(text[:1]) + text[1:] + ".\n"
}
