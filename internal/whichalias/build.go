//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // page.html
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"lambda-release/internal/rules"
)

//go:embed page.html
var page string

// run builds the page in a file.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "usage: whichalias FILE.html")
		return 2
	}
	if err := build(ctx, args[0]); err != nil {
		fmt.Fprintln(stderr, "whichalias:", err)
		return 1
	}
	return 0
}

// build writes the page. It needs the go command, and the source of this package.
func build(ctx context.Context, path string) error {
	dir, err := os.MkdirTemp("", "whichalias")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := compile(ctx, filepath.Join(dir, "whichalias.wasm"))
	if err != nil {
		return err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("find Go: %w", err)
	}
	loader, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return fmt.Errorf("read Go's loader for WebAssembly: %w", err)
	}
	parsed, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	err = parsed.Execute(&b, map[string]any{
		"Kinds": options(), "Fields": fields, "Rules": rules.Default, "Table": examples(dir),
		"Loader":  template.JS(loader),                                                    //nolint:gosec // Go's own
		"Program": template.JS(strconv.Quote(base64.StdEncoding.EncodeToString(program))), //nolint:gosec // base64
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644) //nolint:gosec // it is to be published
}

// compile compiles this package to WebAssembly, and compresses it.
func compile(ctx context.Context, path string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "lambda-release/internal/whichalias") //nolint:gosec // path is ours
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile to WebAssembly: %w\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// option is a kind of event as the form offers it.
type option struct{ ID, Label, Fields string }

func options() []option {
	var all []option
	for _, k := range kinds {
		var needed []string
		for _, f := range k.fields() {
			needed = append(needed, f.ID)
		}
		all = append(all, option{k.ID, k.Label, strings.Join(needed, " ")})
	}
	return all
}

// row is a line of the page's table.
type row struct {
	Event, Values string
	Answer        answer
}

// examples are the answers to every kind of event with the default rules. They are in
// the page without a script.
func examples(dir string) []row {
	save := func(payload []byte) (string, error) {
		path := filepath.Join(dir, "event.json")
		return path, os.WriteFile(path, payload, 0o600)
	}
	var rows []row
	for _, k := range kinds {
		q := question{Kind: k.ID, Branch: fields[0].Example, Tag: fields[1].Example, Number: fields[2].Example}
		var values []string
		for _, f := range k.fields() {
			values = append(values, f.Example)
		}
		a := ask(q, save)
		a.Why, _, _ = strings.Cut(strings.ReplaceAll(a.Why, "`", ""), "\n")
		rows = append(rows, row{k.Label, strings.Join(values, ", "), a})
	}
	return rows
}
