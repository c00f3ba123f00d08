// Command power prints the tables of docs/rollout.md about what an analysis finds:
// how often simulated shifts are rolled back. They take some seconds, and are the
// same each time. The simulation is in simulate.go; the decisions are those of
// package analysis. The test simulates what the analysis promises.
//
//	go run ./internal/rollout/power
//	go test ./internal/rollout/power -shifts 10000
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"lambda-release/internal/analysis"
)

const defaultShifts = 2000

func main() {
	shifts := flag.Uint64("shifts", defaultShifts, "how many shifts to simulate for each number")
	flag.Parse()
	tables(os.Stdout, *shifts)
}

var (
	canary = routing{minutes: 10, share: func(float64) float64 { return 0.1 }}
	linear = routing{minutes: 9, share: func(minute float64) float64 { return 0.1 * min(9, float64(int(minute+0.5)+1)) }}
)

func tables(to io.Writer, shifts uint64) {
	newRates := []float64{0.005, 0.01, 0.02, 0.05, 0.1}
	for _, s := range []struct {
		name string
		routing
	}{{"Canary10Percent10Minutes", canary}, {"Linear10PercentEvery1Minute", linear}} {
		header := []string{"invocations a minute", "old version fails", "new version as good"}
		for _, r := range newRates {
			header = append(header, "new: "+percent(r))
		}
		fmt.Fprintf(to, "`errors` with `%s`:\n\n", s.name)
		row(to, header...)
		rule(to, len(header))
		for _, traffic := range []float64{100, 1000, 10000} {
			for _, old := range []float64{0, 0.002, 0.01, 0.02} {
				cells := []string{fmt.Sprintf("%.0f", traffic), percent(old)}
				for _, rate := range append([]float64{old}, newRates...) {
					if len(cells) > 2 && rate <= old {
						cells = append(cells, "")
						continue
					}
					found := simulate(shifts, func(r *random) analysis.Finding {
						return s.plan().Counts(r.counts(s.routing, traffic, constant(old), constant(rate)))
					})
					cells = append(cells, percent(found[analysis.Worse]))
				}
				row(to, cells...)
			}
		}
		fmt.Fprintln(to)
	}

	slower := []float64{1.1, 1.25, 1.5, 2}
	header := []string{"invocations a minute", "minutes", "new version as fast"}
	for _, s := range slower {
		header = append(header, fmt.Sprintf("%.0f %% slower", 100*(s-1)))
	}
	fmt.Fprint(to, "`duration p99` with a canary of 10 %:\n\n")
	row(to, header...)
	rule(to, len(header))
	for _, traffic := range []float64{6000, 20000} {
		for _, minutes := range []int{10, 20, 30} {
			cells := []string{fmt.Sprintf("%.0f", traffic), fmt.Sprint(minutes)}
			for _, s := range append([]float64{1}, slower...) {
				found := simulate(shifts, func(r *random) analysis.Finding {
					by := routing{minutes, canary.share}
					return by.plan().Durations(r.durations(by, traffic, "p99", 0.6, s), "p99")
				})
				cells = append(cells, percent(found[analysis.Worse]))
			}
			row(to, cells...)
		}
	}
}

func row(to io.Writer, cells ...string) { fmt.Fprintf(to, "| %s |\n", strings.Join(cells, " | ")) }

func rule(to io.Writer, columns int) { fmt.Fprintf(to, "|%s\n", strings.Repeat("---|", columns)) }

// percent has one decimal at most.
func percent(p float64) string {
	return strconv.FormatFloat(math.Round(1000*p)/10, 'f', -1, 64) + " %"
}
