package house

import (
	"go/ast"
	"strconv"
	"testing"
)

// processOnly is what touches the process that the program runs in: its
// environment, its streams, its end. main hands it to app.Run, so that tests
// hand in their own and run side by side. The demo is a program of its own.
var processOnly = map[string][]string{
	"os": {
		"Args", "Clearenv", "Environ", "Exit", "ExpandEnv", "Getenv", "LookupEnv",
		"Setenv", "Stderr", "Stdin", "Stdout", "Unsetenv",
	},
	"fmt":       {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"os/signal": {"Ignore", "Notify", "NotifyContext", "Reset", "Stop"},
	"syscall":   {"Exit", "Getenv", "Setenv"},
}

// Whole packages that do so.
var neverImported = []string{"log", "log/slog", "flag", "os/exec"}

func TestOnlyMainTouchesTheProcess(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || s.path == "main.go" || s.pkg == "internal/demo" {
			continue
		}
		names := map[string]string{} // as the file calls it -> import path
		for _, i := range s.file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, never := range neverImported {
				if path == never {
					t.Errorf("%s imports %s: what it needs is handed in by main, and what it has to say it returns", s.path, path)
				}
			}
			names[localName(i, path)] = path
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := selector.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, name := range processOnly[names[of.Name]] {
				if selector.Sel.Name == name {
					t.Errorf("%s: %s.%s is main's alone", s.fset.Position(selector.Pos()), of.Name, name)
				}
			}
			return true
		})
	}
}

func localName(i *ast.ImportSpec, path string) string {
	if i.Name != nil {
		return i.Name.Name
	}
	for at := len(path) - 1; at >= 0; at-- {
		if path[at] == '/' {
			return path[at+1:]
		}
	}
	return path
}
