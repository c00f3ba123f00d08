package main

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

// picture is a flowchart of the job summary: aliases at the left, with lines to
// versions at the right. It is what internal/report writes of Mermaid's language.
type picture struct {
	functions []*functionBox
}

type functionBox struct {
	name            string
	aliases, others []*node // others: versions, and what was deleted
	edges           []edge
}

type node struct {
	id, text string
	other    bool // callers do not get it now
}

type edge struct {
	from, to *node
	text     string
	dashed   bool
}

var (
	subgraphLine = regexp.MustCompile(`^subgraph \w+\["(.*)"\]$`)
	nodeText     = regexp.MustCompile(`^(\w+)(\(\["|\[")(.*?)("\]\)|"\])(:::other)?$`)
	edgeLine     = regexp.MustCompile(`^(\w+) (-->|-\.->)(?:\|"(.*?)"\|)? (.*)$`)
	ignoredLine  = regexp.MustCompile(`^(flowchart TB|direction LR|end|classDef .*|\w+( ~~~ \w+)+|)$`)
)

// parsePicture reads the picture of a summary, and fails at what it does not know.
func parsePicture(mermaid string) (picture, error) {
	var p picture
	var f *functionBox
	for line := range strings.Lines(mermaid) {
		line = strings.TrimSpace(line)
		if m := subgraphLine.FindStringSubmatch(line); m != nil {
			f = &functionBox{name: m[1]}
			p.functions = append(p.functions, f)
			continue
		}
		if ignoredLine.MatchString(line) {
			continue
		}
		if f == nil || !f.parse(line) {
			return p, fmt.Errorf("the picture has a line that the demo cannot draw: %q", line)
		}
	}
	return p, nil
}

// parse adds a node or an edge.
func (f *functionBox) parse(line string) bool {
	m := edgeLine.FindStringSubmatch(line)
	if m == nil {
		_, ok := f.node(line)
		return ok
	}
	from, known := f.named(m[1])
	to, ok := f.node(m[4])
	f.edges = append(f.edges, edge{from, to, m[3], m[2] == "-.->"})
	return known && ok
}

// node is the node of a text, which is new unless one has its ID.
func (f *functionBox) node(text string) (*node, bool) {
	m := nodeText.FindStringSubmatch(text)
	if m == nil {
		return f.named(text)
	}
	if n, ok := f.named(m[1]); ok {
		return n, true
	}
	n := &node{id: m[1], text: m[3], other: m[5] != ""}
	if m[2] == `(["` {
		f.aliases = append(f.aliases, n)
	} else {
		f.others = append(f.others, n)
	}
	return n, true
}

func (f *functionBox) named(id string) (*node, bool) {
	for _, all := range [][]*node{f.aliases, f.others} {
		for _, n := range all {
			if n.id == id {
				return n, true
			}
		}
	}
	return nil, false
}

// The measures of the drawing, in pixels.
const (
	width, margin, title   = 560, 20, 34
	boxWidth, boxHeight    = 190, 38
	row                    = 56
	leftColumn             = margin
	rightColumn            = width - margin - boxWidth
	lineStart, lineEnd     = leftColumn + boxWidth, rightColumn - 9
	betweenFunctions       = 16
	arrowhead              = `<defs><marker id="arrow" viewBox="0 0 10 10" refX="1" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 10 5 0 10z"/></marker></defs>`
	functionFormat         = `<rect class="function" x="0.5" y="%.1f" width="%d" height="%d" rx="6"/><text x="%d" y="%d">%s</text>`
	boxFormat              = `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/><text class="%s" x="%d" y="%d">%s</text>`
	edgeFormat             = `<path class="%s" d="M%d %d L%d %d" marker-end="url(#arrow)"/>`
	edgeLabelFormat        = `<text class="label" x="%d" y="%d">%s</text>`
	roundCorner, boxCorner = boxHeight / 2, 4
)

// svg draws the picture.
func (p picture) svg() string {
	var b strings.Builder
	top := 0
	for _, f := range p.functions {
		top += f.draw(&b, top) + betweenFunctions
	}
	height := top - betweenFunctions + 1
	return fmt.Sprintf("<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">%s%s</svg>\n", width+1, height, width+1, height, arrowhead, &b)
}

// draw draws a function and returns its height.
func (f *functionBox) draw(b *strings.Builder, top int) int {
	rows := max(len(f.aliases), len(f.others))
	height := title + rows*row
	fmt.Fprintf(b, functionFormat, float64(top)+0.5, width, height, width/2, top+title/2, html.EscapeString(f.name))
	middle := map[*node]int{}
	place := func(all []*node) {
		first := top + title + (rows-len(all))*row/2
		for i, n := range all {
			middle[n] = first + i*row + (row-betweenFunctions)/2
		}
	}
	place(f.aliases)
	place(f.others)
	for _, e := range f.edges {
		class := "edge"
		if e.dashed {
			class += " dashed"
		}
		from, to := middle[e.from], middle[e.to]
		fmt.Fprintf(b, edgeFormat, class, lineStart, from, lineEnd, to)
		if e.text != "" {
			fmt.Fprintf(b, edgeLabelFormat, (lineStart+lineEnd)/2, (from+to)/2, html.EscapeString(e.text))
		}
	}
	for _, n := range f.aliases {
		n.draw(b, leftColumn, middle[n], roundCorner)
	}
	for _, n := range f.others {
		n.draw(b, rightColumn, middle[n], boxCorner)
	}
	return height
}

func (n *node) draw(b *strings.Builder, left, middle, corner int) {
	class, text := "box", ""
	if n.other {
		class, text = "other", "other-text"
	}
	fmt.Fprintf(b, boxFormat, class, left, middle-boxHeight/2, boxWidth, boxHeight, corner, text, left+boxWidth/2, middle, html.EscapeString(n.text))
}
