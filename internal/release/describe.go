package release

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lambda-release/internal/alias"
)

// maxRef is how much of a ref's name goes into a version's description.
const maxRef = 80

// versionDescription is `main@1a2b3c4 run 4711.1 x9k2: the user's text`: where
// the code comes from, who published it, and a nonce. AWS returns an old
// version with its old description when there is nothing to publish, so the
// nonce tells that apart from a version this very process made, also when the
// same run is tried again.
func versionDescription(run Run, text string) string {
	var b strings.Builder
	if ref := alias.Shorten(run.Ref, maxRef); ref != "" {
		b.WriteString(ref)
		if len(run.SHA) >= 7 {
			b.WriteString("@" + run.SHA[:7])
		}
		b.WriteByte(' ')
	}
	if run.ID != 0 {
		fmt.Fprintf(&b, "run %d.%d ", run.ID, run.Attempt)
	}
	b.WriteString(strings.ToLower(rand.Text()[:6]))
	if text != "" {
		b.WriteString(": " + text)
	}
	return alias.Shorten(b.String(), alias.MaxDescription)
}

var publisher = regexp.MustCompile(`(?:^| )run (\d+)\.\d+ `)

// source is the beginning of a version's description, up to the user's text. A ref has
// no spaces.
var source = regexp.MustCompile(`^\S+@([0-9a-f]{7}) (?:run \d+\.\d+ )?[0-9a-z]{4,}(?:: |$)`)

// publishedFrom is the first 7 digits of the commit that a version with this
// description was published from, "" if it does not tell.
func publishedFrom(description string) string {
	if m := source.FindStringSubmatch(description); m != nil {
		return m[1]
	}
	return ""
}

// publishedBy is the run that published a version with this description, 0 if it
// does not tell.
func publishedBy(description string) uint64 {
	m := publisher.FindStringSubmatch(description)
	if m == nil {
		return 0
	}
	id, _ := strconv.ParseUint(m[1], 10, 64) // digits; what does not fit is no run
	return id
}
