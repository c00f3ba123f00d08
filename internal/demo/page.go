package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// page collects the summaries, and writes them as one HTML page that needs no
// network.
type page struct {
	shower

	file string
	jobs []section
	err  error
}

// section is a job on the page.
type section struct {
	Number  int
	Title   string
	Command string
	Branch  string
	Run     uint64
	Summary template.HTML
}

//go:embed page.html
var pageHTML string

func (p *page) end(n int, s step, e ended) {
	p.shower.end(n, s, e)
	summary, err := toHTML(e.summary)
	if err != nil {
		p.err = err
	}
	p.jobs = append(p.jobs, section{n, s.title, s.command(), s.branch, s.runID, summary})
}

func (p *page) finish(jobs int, took time.Duration) error {
	if p.err != nil {
		return p.err
	}
	var b bytes.Buffer
	if err := template.Must(template.New("page").Parse(pageHTML)).Execute(&b, p.jobs); err != nil {
		return err
	}
	if err := os.WriteFile(p.file, b.Bytes(), 0o600); err != nil {
		return err
	}
	return p.shower.finish(jobs, took)
}

// toHTML renders Markdown as GitHub does, with the pictures drawn.
func toHTML(markdown string) (template.HTML, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(pictures{}, 100))),
	)
	var b bytes.Buffer
	err := md.Convert([]byte(markdown), &b)
	return template.HTML(b.String()), err //nolint:gosec // goldmark drops raw HTML and escapes the rest
}

// draw draws a block of Mermaid.
func draw(mermaid string) (svg string, err error) {
	if isChart.MatchString(mermaid) {
		c, err := parseChart(mermaid)
		if err != nil {
			return "", err
		}
		return c.svg(), nil
	}
	p, err := parsePicture(mermaid)
	if err != nil {
		return "", err
	}
	return p.svg(), nil
}

// pictures renders blocks of code: those of Mermaid as SVG.
type pictures struct{}

func (pictures) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.FencedCodeBlock)
		if !entering || !ok {
			return ast.WalkContinue, nil
		}
		code := string(block.Lines().Value(source))
		if string(block.Language(source)) != "mermaid" {
			_, err := fmt.Fprintf(w, "<pre><code>%s</code></pre>\n", template.HTMLEscapeString(code))
			return ast.WalkSkipChildren, err
		}
		svg, err := draw(code)
		if err != nil {
			return ast.WalkStop, err
		}
		_, err = io.WriteString(w, svg)
		return ast.WalkSkipChildren, err
	})
}
