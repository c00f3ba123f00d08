package rollout

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// detailed is for how many functions the progress names each one.
const detailed = 3

// reportProgress is a line about how far a shift is, and what both versions have
// done so far. Without the permission to read metrics, or while they cannot be
// read, the line does without them.
func (w *Watcher) reportProgress(ctx context.Context, served []Served, percent int, since time.Time, left time.Duration) {
	line := fmt.Sprintf("%s  %d %%, %s left", bar(percent), percent, Duration(left.Round(time.Second)))
	if rates := w.progressRates(ctx, served, since); rates != "" {
		line += ": " + rates
	}
	w.fact(line)
}

func (w *Watcher) progressRates(ctx context.Context, served []Served, since time.Time) string {
	if w.noRates || len(served) == 0 {
		return ""
	}
	after, err := w.readRates(ctx, served, since)
	if err != nil {
		w.noRates = awsapi.Is(err, awsapi.Denied)
		return ""
	}
	w.rates = after
	var replaced []Served
	for _, s := range served {
		if s.Replaces != "" {
			replaced = append(replaced, Served{Function: s.Function, Alias: s.Alias, Version: s.Replaces})
		}
	}
	before, err := w.readRates(ctx, replaced, since)
	if err != nil {
		return ""
	}
	if len(served) > detailed {
		return fmt.Sprintf("new versions %s, old versions %s", sum(after), sum(before))
	}
	var parts []string
	for _, r := range append(after, before...) {
		name := "version " + r.Version
		if len(served) > 1 {
			name = r.Served.String()
		}
		parts = append(parts, name+" "+r.counts())
	}
	return strings.Join(parts, ", ")
}

// counts is `3 errors in 120 invocations`.
func (r Rate) counts() string {
	return fmt.Sprintf("%d errors in %d invocations", r.Errors, r.Invocations)
}

func sum(rates []Rate) string {
	var all Rate
	for _, r := range rates {
		all.Errors += r.Errors
		all.Invocations += r.Invocations
	}
	return all.counts()
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
