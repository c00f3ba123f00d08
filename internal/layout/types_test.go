package layout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// program is the type-checked code of the module, tests excluded, in the order
// of imports: a package comes after those that it imports.
type program struct {
	fset     *token.FileSet
	packages []*checked
}

// checked is a type-checked package.
type checked struct {
	types *types.Package
	info  *types.Info
	files []*ast.File
}

// internal returns the package of ours with this name.
func (p *program) internal(name string) *checked {
	for _, c := range p.packages {
		if c.types.Path() == module+"/internal/"+name {
			return c
		}
	}
	return nil
}

// at formats a position relative to the root of the repository.
func (p *program) at(pos token.Pos) string {
	at := p.fset.Position(pos)
	if abs, err := filepath.Abs(root); err == nil {
		if relative, err := filepath.Rel(abs, at.Filename); err == nil {
			at.Filename = filepath.ToSlash(relative)
		}
	}
	return fmt.Sprintf("%s:%d", at.Filename, at.Line)
}

// file returns the name of the file that a position is in.
func (p *program) file(pos token.Pos) string { return p.fset.Position(pos).Filename }

// check adds a package.
func (p *program) check(path string, files []*ast.File, imports types.Importer) error {
	c := &checked{
		info: &types.Info{
			Types:      map[ast.Expr]types.TypeAndValue{},
			Defs:       map[*ast.Ident]types.Object{},
			Uses:       map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		},
		files: files,
	}
	ours := importerFunc(func(path string) (*types.Package, error) {
		for _, c := range p.packages {
			if c.types.Path() == path {
				return c.types, nil
			}
		}
		return imports.Import(path)
	})
	var err error
	config := types.Config{Importer: ours}
	c.types, err = config.Check(path, p.fset, files, c.info)
	p.packages = append(p.packages, c)
	return err
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// load type-checks the module once for all tests.
func load(t *testing.T) *program {
	t.Helper()
	p, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The dependencies are not parsed: the go command has compiled them, and their
// export data has their types.
var loadOnce = sync.OnceValues(func() (*program, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export,Module", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	p := &program{fset: token.NewFileSet()}
	exports := map[string]string{}
	compiled := importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	for list := json.NewDecoder(bytes.NewReader(out)); list.More(); {
		var l struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
			Module                  *struct{ Main bool }
		}
		if err := list.Decode(&l); err != nil {
			return nil, err
		}
		exports[l.ImportPath] = l.Export
		if l.Module == nil || !l.Module.Main || len(l.GoFiles) == 0 {
			continue
		}
		var files []*ast.File
		for _, name := range l.GoFiles {
			file, err := parser.ParseFile(p.fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
		if err := p.check(l.ImportPath, files, compiled); err != nil {
			return nil, err
		}
	}
	return p, nil
})

// synthetic is a program for the tests of the checks. The sources are package
// bodies by name, "alias" or "release/move.go"; they import any package before
// them in importOrder by its name.
func synthetic(t *testing.T, sources map[string]string) *program {
	t.Helper()
	p := &program{fset: token.NewFileSet()}
	none := importerFunc(func(path string) (*types.Package, error) { return nil, fmt.Errorf("no package %s", path) })
	byPackage := map[string][]*ast.File{}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		pkg, _, _ := strings.Cut(name, "/")
		file, err := parser.ParseFile(p.fset, name, sources[name], parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		byPackage[pkg] = append(byPackage[pkg], file)
	}
	for _, pkg := range []string{"awsapi", "alias", "release"} {
		if files := byPackage[pkg]; files != nil {
			if err := p.check(module+"/internal/"+pkg, files, none); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p
}

// wantFindings checks what a check finds in a synthetic program: the lines that
// have a comment // finding.
func wantFindings(t *testing.T, p *program, sources map[string]string, findings []finding) {
	t.Helper()
	var want, got []string
	for name, text := range sources {
		for i, line := range strings.Split(text, "\n") {
			if strings.HasSuffix(line, "// finding") {
				want = append(want, fmt.Sprintf("%s:%d", name, i+1))
			}
		}
	}
	for _, f := range findings {
		at := p.fset.Position(f.pos)
		got = append(got, fmt.Sprintf("%s:%d", at.Filename, at.Line))
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 {
		t.Error("the sources have no line with a finding")
	}
	if !slices.Equal(want, slices.Compact(got)) {
		t.Errorf("findings at %v, want %v", got, want)
	}
}

// finding is a violation of a rule.
type finding struct {
	pos  token.Pos
	what string
}

// report reports findings as errors.
func (p *program) report(t *testing.T, findings []finding) {
	t.Helper()
	for _, f := range findings {
		t.Errorf("%s: %s", p.at(f.pos), f.what)
	}
}
