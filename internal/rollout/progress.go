package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// detailed is for how many functions the progress names each one.
const detailed = 3

// reportProgress is a line about how far a shift is, and what each check has found
// so far. It reads nothing.
func (w *Watcher) reportProgress(s Stage, left time.Duration) {
	text := fmt.Sprintf("%s  %d %%, %s left", bar(s.Percent), s.Percent, Duration((left + s.Rest).Round(time.Second)))
	w.fact(text + w.soFar(len(s.Served), s.Percent))
}

// soFar is what the last look has found, for each check that applies to so many
// functions at a share of the traffic. It continues a line.
func (w *Watcher) soFar(functions, percent int) string {
	if w.metrics == nil {
		return ""
	}
	texts := []string{""}
	for _, c := range w.health.Analysis.Checks {
		if c.Relative() && percent == 100 { // it has had its last verdict
			continue
		}
		var found []Judgement
		for _, j := range w.found {
			if j.Check.String() == c.String() {
				found = append(found, j)
			}
		}
		switch {
		case len(found) == 0:
			texts = append(texts, c.String()+": not measured yet")
		case len(found) > detailed:
			texts = append(texts, c.String()+": "+tally(found))
		default:
			for _, j := range found {
				name := ""
				if functions > 1 {
					name = " of " + j.Function
				}
				texts = append(texts, c.String()+name+": "+j.brief())
			}
		}
	}
	return strings.Join(texts, "; ")
}

// brief has both numbers and the verdict: `1 % → 2 %, not worse`.
func (j Judgement) brief() string {
	switch old, of := j.Numbers(); {
	case of == "":
		return "not measured yet"
	case old == "":
		return of + ", " + j.Verdict.String()
	default:
		return old + " → " + of + ", " + j.Verdict.String()
	}
}

// tally is how many functions have which verdict, and the one whose new version is
// furthest from the old one.
func tally(found []Judgement) string {
	var parts []string
	for _, v := range []Verdict{Worse, OutsideLimit, Inconclusive, NotJudged, NotWorse, Better, WithinLimit} {
		n := 0
		for _, j := range found {
			if j.Verdict == v {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	most := slices.MaxFunc(found, func(a, b Judgement) int {
		return cmp.Compare(a.Finding.New-a.Finding.Old, b.Finding.New-b.Finding.Old)
	})
	return fmt.Sprintf("%s, largest difference %s %s", strings.Join(parts, ", "), most.Function, most.brief())
}

// Duration is a duration as people write it: 90s is 1m30s, and 10m is not 10m0s.
func Duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
