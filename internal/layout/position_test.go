package layout

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"testing"
)

// pointersToPosition finds the functions of a package that have a pointer to an
// alias.Position or alias.State, or to a struct that holds one by value, as a
// parameter or receiver: they could change what the editor knows of an alias.
// Fields that package alias does not export are safe from them.
func (p *program) pointersToPosition(in *checked) []finding {
	alias := p.internal("alias").types
	var found []finding
	check := func(of ast.Node, signature *types.Signature) {
		variables := slices.Collect(signature.Params().Variables())
		if recv := signature.Recv(); recv != nil {
			variables = append(variables, recv)
		}
		for _, v := range variables {
			if to := pointee(v.Type()); to != nil && holdsPosition(to, in.types, alias) {
				found = append(found, finding{of.Pos(), fmt.Sprintf("%s %s is a pointer to the position of an alias", v.Name(), v.Type())})
			}
		}
	}
	for _, file := range in.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				check(n, in.info.Defs[n.Name].(*types.Func).Signature())
			case *ast.FuncLit:
				check(n, in.info.TypeOf(n).(*types.Signature))
			}
			return true
		})
	}
	return found
}

// pointee returns the type that a pointer, or a slice of pointers, points to.
func pointee(t types.Type) types.Type {
	switch t := t.Underlying().(type) {
	case *types.Pointer:
		return t.Elem()
	case *types.Slice:
		if p, ok := t.Elem().Underlying().(*types.Pointer); ok {
			return p.Elem()
		}
	}
	return nil
}

// holdsPosition reports whether a value of type t holds an alias.Position or
// alias.State that code in the package from can change.
func holdsPosition(t types.Type, from, alias *types.Package) bool {
	if named, ok := types.Unalias(t).(*types.Named); ok && named.Obj().Pkg() == alias {
		if name := named.Obj().Name(); name == "Position" || name == "State" {
			return true
		}
	}
	switch t := t.Underlying().(type) {
	case *types.Array:
		return holdsPosition(t.Elem(), from, alias)
	case *types.Struct:
		for field := range t.Fields() {
			if (field.Exported() || field.Pkg() == from) && holdsPosition(field.Type(), from, alias) {
				return true
			}
		}
	}
	return false
}

func TestPointersToPosition(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"alias": `package alias

type Position struct{ Version string }

type State struct{ Position Position }

type Editor struct{ original, current, written State }

func (e *Editor) Current() State { return e.current }
`,
		"release": `package release

import "lambda-release/internal/alias"

type step struct{ from alias.Position }

type job struct{ steps [2]step }

type safe struct {
	editor *alias.Editor
	before []step
}

func one(p *alias.Position) {} // finding
func two(s *step) {}           // finding
func three(all []*job) {}      // finding
func (j *job) four() {}        // finding
func five(all ...*alias.State) {} // finding

var six = func(s *step) {} // finding

func seven(e *alias.Editor, s *safe, by step, j job, p alias.Position) {}
func (s *safe) eight() step                                           { return step{} }
`,
	}
	p := synthetic(t, sources)
	wantFindings(t, p, sources, p.pointersToPosition(p.internal("release")))
}
