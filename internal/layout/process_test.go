package layout

import (
	"go/ast"
	"slices"
	"strconv"
	"testing"
)

// programs are the packages of other programs.
var programs = []string{"internal/demo", "internal/rollout/power", "internal/whichalias"}

// ofProcess are the functions and variables of the process: its environment, its
// streams, its exit. main passes them to app.Run, so that tests can pass their own
// and run in parallel. The demo, power and whichalias are programs of their own.
var ofProcess = map[string][]string{
	"os": {
		"Args", "Clearenv", "Environ", "Exit", "ExpandEnv", "Getenv", "LookupEnv",
		"Setenv", "Stderr", "Stdin", "Stdout", "Unsetenv",
	},
	"fmt":       {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"os/signal": {"Ignore", "Notify", "NotifyContext", "Reset", "Stop"},
	"syscall":   {"Exit", "Getenv", "Setenv"},
}

// neverImported are packages that use the process.
var neverImported = []string{"log", "log/slog", "flag", "os/exec"}

func TestOnlyMainUsesTheProcess(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || s.path == "main.go" || slices.Contains(programs, s.pkg) {
			continue
		}
		names := map[string]string{} // name in the file -> import path
		for _, i := range s.file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, never := range neverImported {
				if path == never {
					t.Errorf("%s imports %s, which uses the process: only main may", s.path, path)
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
			for _, name := range ofProcess[names[of.Name]] {
				if selector.Sel.Name == name {
					t.Errorf("%s: only main may use %s.%s", s.fset.Position(selector.Pos()), of.Name, name)
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
