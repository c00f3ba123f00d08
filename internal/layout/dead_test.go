package layout

import (
	"cmp"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"testing"
)

// unused returns the package-level identifiers and methods that no code but tests
// uses. Uses in an identifier's own declaration do not count. Methods that an
// interface may call, and the zero value of an enumeration, need no use.
func (p *program) unused() []types.Object {
	declared := map[types.Object]ast.Node{}
	for _, c := range p.packages {
		for _, file := range c.files {
			for _, d := range file.Decls {
				declarations(c, d, declared)
			}
		}
	}
	for _, c := range p.packages {
		for id, obj := range c.info.Uses {
			if f, ok := obj.(*types.Func); ok {
				obj = f.Origin()
			}
			if d := declared[obj]; d != nil && (id.Pos() < d.Pos() || d.End() <= id.Pos()) {
				delete(declared, obj)
			}
		}
	}
	interfaces := p.interfaces()
	maps.DeleteFunc(declared, func(obj types.Object, _ ast.Node) bool {
		switch obj := obj.(type) {
		case *types.Func:
			return callable(obj, interfaces)
		case *types.Const:
			_, enumeration := obj.Type().(*types.Named)
			return enumeration && obj.Val().ExactString() == "0"
		}
		return false
	})
	return slices.SortedFunc(maps.Keys(declared), func(a, b types.Object) int { return cmp.Compare(a.Pos(), b.Pos()) })
}

// declarations adds the objects that a declaration declares, except main, init and
// _, with the node that declares them.
func declarations(c *checked, d ast.Decl, to map[types.Object]ast.Node) {
	add := func(id *ast.Ident, node ast.Node) {
		if obj := c.info.Defs[id]; obj != nil && id.Name != "_" {
			to[obj] = node
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil || d.Name.Name != "main" && d.Name.Name != "init" {
			add(d.Name, d)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				add(spec.Name, spec)
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					add(id, spec)
				}
			}
		}
	}
}

// interfaces returns the interfaces of our packages and of those they import, by
// the names of their methods.
func (p *program) interfaces() map[string][]*types.Interface {
	all := map[string][]*types.Interface{}
	add := func(t types.Type) {
		if i, ok := t.Underlying().(*types.Interface); ok {
			for m := range i.Methods() {
				all[m.Name()] = append(all[m.Name()], i)
			}
		}
	}
	add(types.Universe.Lookup("error").Type())
	seen := map[*types.Package]bool{}
	var walk func(pkg *types.Package)
	walk = func(pkg *types.Package) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		for _, name := range pkg.Scope().Names() {
			if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok {
				add(obj.Type())
			}
		}
		for _, i := range pkg.Imports() {
			walk(i)
		}
	}
	for _, c := range p.packages {
		walk(c.types)
		for _, tv := range c.info.Types {
			if tv.IsType() {
				add(tv.Type)
			}
		}
	}
	return all
}

// byName are methods that package errors and the AWS SDK call by interfaces without
// a name.
var byName = []string{"As", "Is", "Unwrap", "RetryableError", "Len"}

// callable reports whether a method may be called by an interface that its
// receiver implements, or a type of its package that it is promoted to.
func callable(method *types.Func, interfaces map[string][]*types.Interface) bool {
	recv := method.Signature().Recv()
	if recv == nil {
		return false
	}
	if types.IsInterface(recv.Type()) || slices.Contains(byName, method.Name()) {
		return true
	}
	owners := []types.Type{recv.Type()}
	scope := method.Pkg().Scope()
	for _, name := range scope.Names() {
		if t, ok := scope.Lookup(name).(*types.TypeName); ok {
			if promoted, _, _ := types.LookupFieldOrMethod(t.Type(), true, method.Pkg(), method.Name()); promoted == method {
				owners = append(owners, t.Type())
			}
		}
	}
	return slices.ContainsFunc(interfaces[method.Name()], func(i *types.Interface) bool {
		return slices.ContainsFunc(owners, func(t types.Type) bool {
			return types.Implements(t, i) || types.Implements(types.NewPointer(t), i)
		})
	})
}

// TestNoDeadCode: the program or the demo uses all code. What localaws exports may
// be for tests.
func TestNoDeadCode(t *testing.T) {
	t.Parallel()
	p := engine(t)
	inTests := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			ast.Inspect(s.file, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					inTests[id.Name] = true
				}
				return true
			})
		}
	}
	localaws := p.internal("localaws").types
	for _, obj := range p.unused() {
		if obj.Pkg() != localaws || !obj.Exported() || !inTests[obj.Name()] {
			t.Errorf("%s: only tests use %s", p.at(obj.Pos()), obj.Name())
		}
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"alias": `package alias

type Editor struct{}

func (e *Editor) Move() { e.confirm() }
func (e *Editor) confirm() {}
func (e *Editor) Fence() {} // finding
func (e *Editor) Error() string { return "" }

type Kind int

const (
	Zero Kind = iota
	One
	Two // finding
)

const Zeros = 0 // finding
`,
		"release": `package release

import "lambda-release/internal/alias"

type list[T any] struct{ all []T }

func (l *list[T]) add(t T) { l.all = append(l.all, t) }
func (l *list[T]) drop() {} // finding

type node struct{ next *node } // finding

func repeat(n int) { // finding
	repeat(n - 1)
}

var used, unused = 1, 2 // finding

func init() {
	var l list[alias.Kind]
	l.add(alias.One)
	new(alias.Editor).Move()
	_ = used
}
`,
	}
	p := synthetic(t, sources)
	var findings []finding
	for _, obj := range p.unused() {
		findings = append(findings, finding{obj.Pos(), obj.Name()})
	}
	wantFindings(t, p, sources, findings)
}
