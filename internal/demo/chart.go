package main

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// chart is an xychart of the job summary: bars, and mostly a line, over the same labels.
type chart struct {
	labels    []string
	title     string  // of the y axis
	highest   float64 // value of the y axis, which begins at 0
	bar, line []float64
}

var (
	isChart    = regexp.MustCompile(`^(%%\{init: .*\}%%\n)?xychart-beta\s`)
	chartAxisX = regexp.MustCompile(`^x-axis \[(.*)\]$`)
	chartAxisY = regexp.MustCompile(`^y-axis "(.*)" 0 --> ([0-9.]+)$`)
	chartData  = regexp.MustCompile(`^(bar|line) \[(.*)\]$`)
)

// parseChart reads a chart, and fails at what it does not know.
func parseChart(mermaid string) (c chart, err error) {
	_, lines, _ := strings.Cut(strings.TrimSpace(mermaid), "xychart-beta\n")
	for line := range strings.SplitSeq(lines, "\n") {
		line = strings.TrimSpace(line)
		if m := chartAxisX.FindStringSubmatch(line); m != nil {
			for label := range strings.SplitSeq(m[1], ", ") {
				c.labels = append(c.labels, strings.Trim(label, `"`))
			}
			continue
		}
		if m := chartAxisY.FindStringSubmatch(line); m != nil {
			if c.highest, err = strconv.ParseFloat(m[2], 64); err != nil {
				return c, err
			}
			c.title = m[1]
			if c.highest, err = strconv.ParseFloat(m[2], 64); err != nil {
				return c, err
			}
			continue
		}
		m := chartData.FindStringSubmatch(line)
		if m == nil {
			return c, fmt.Errorf("the chart has a line that the demo cannot draw: %q", line)
		}
		var values []float64
		for text := range strings.SplitSeq(m[2], ", ") {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return c, err
			}
			values = append(values, v)
		}
		if m[1] == "bar" {
			c.bar = values
		} else {
			c.line = values
		}
	}
	if c.highest <= 0 || len(c.bar) != len(c.labels) || c.line != nil && len(c.line) != len(c.labels) {
		return c, fmt.Errorf("%d labels, %d bars, and %d points of the line, up to %v", len(c.labels), len(c.bar), len(c.line), c.highest)
	}
	return c, nil
}

// The measures of a chart, in pixels.
const (
	plotHeight = 160
	plotTop    = 30
	plotLeft   = 60
)

// svg draws the chart.
func (c chart) svg() string {
	step := float64(width-plotLeft-margin) / float64(len(c.labels))
	height := func(v float64) float64 { return plotHeight * v / c.highest }
	var b strings.Builder
	fmt.Fprintf(&b, `<text class="label" x="%d" y="12">%s</text><text class="label" x="%d" y="%d">%.3g</text><text class="label" x="%d" y="%d">0</text>`,
		plotLeft, html.EscapeString(c.title), plotLeft/2, plotTop, c.highest, plotLeft/2, plotTop+plotHeight)
	var points []string
	for i, label := range c.labels {
		middle := plotLeft + (float64(i)+0.5)*step
		fmt.Fprintf(&b, `<rect class="box" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, middle-step/4, plotTop+plotHeight-height(c.bar[i]), step/2, height(c.bar[i]))
		fmt.Fprintf(&b, `<text class="label" x="%.1f" y="%d">%s</text>`, middle, plotTop+plotHeight+14, html.EscapeString(label))
		if c.line != nil {
			points = append(points, fmt.Sprintf("%.1f,%.1f", middle, plotTop+plotHeight-height(c.line[i])))
		}
	}
	fmt.Fprintf(&b, `<polyline class="edge" points="%s"/>`, strings.Join(points, " "))
	total := plotTop + plotHeight + 28
	return fmt.Sprintf("<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">%s</svg>\n", width, total, width, total, &b)
}
