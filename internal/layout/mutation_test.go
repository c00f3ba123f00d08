package layout

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"testing"
)

// mutations finds the code of a package that changes a field of one of its structs
// outside the file that declares the struct. Composite literals may be anywhere.
func (p *program) mutations(in *checked) []finding {
	var all []finding
	for _, file := range in.files {
		m := &mutationFinder{p, in, p.file(file.Pos()), nil}
		ast.Inspect(file, m.visit)
		all = append(all, m.found...)
	}
	return all
}

// mutationFinder finds the mutations in one file.
type mutationFinder struct {
	*program
	pkg   *checked
	name  string // of the file
	found []finding
}

func (m *mutationFinder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, to := range n.Lhs {
			m.changes(to)
		}
	case *ast.IncDecStmt:
		m.changes(n.X)
	case *ast.RangeStmt:
		m.changes(n.Key)
		m.changes(n.Value)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			m.changes(n.X)
		}
	case *ast.SliceExpr:
		if _, array := m.pkg.info.TypeOf(n.X).Underlying().(*types.Array); array {
			m.changes(n.X) // the slice points at the array
		}
	case *ast.CallExpr:
		m.call(n)
	}
	return true
}

// call handles the calls that can change a field: delete, clear, copy, and
// methods of a field with a pointer receiver.
func (m *mutationFinder) call(call *ast.CallExpr) {
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		if b, ok := m.pkg.info.Uses[fun].(*types.Builtin); ok && (b.Name() == "delete" || b.Name() == "clear" || b.Name() == "copy") {
			m.changes(call.Args[0])
		}
	case *ast.SelectorExpr:
		s := m.pkg.info.Selections[fun]
		if s == nil || s.Kind() != types.MethodVal {
			return
		}
		if method, ok := s.Obj().(*types.Func); !ok || !pointer(method.Signature().Recv().Type()) {
			return
		}
		embedded := s.Index()[:len(s.Index())-1]
		fields, to, indirect := fieldPath(s.Recv(), embedded)
		if pointer(to) {
			return
		}
		m.fields(fun.Sel.Pos(), fields)
		if !indirect {
			m.changes(fun.X)
		}
	}
}

// fieldPath follows the indices of a selection. It returns the fields after the last
// pointer, which are those that change with the last one, and its type; indirect
// reports whether there was a pointer.
func fieldPath(t types.Type, indices []int) (fields []*types.Var, last types.Type, indirect bool) {
	for _, i := range indices {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t, fields, indirect = p.Elem(), nil, true
		}
		field := t.Underlying().(*types.Struct).Field(i)
		fields, t = append(fields, field.Origin()), field.Type()
	}
	return fields, t, indirect
}

// changes adds a finding for each field that a change of to changes: in
// x.f.g[i] = v, g and, unless x.f is a pointer, f.
func (m *mutationFinder) changes(to ast.Expr) {
	switch e := to.(type) {
	case *ast.ParenExpr:
		m.changes(e.X)
	case *ast.IndexExpr:
		m.changes(e.X)
	case *ast.StarExpr: // *x = T{} changes all fields
		if named, ok := types.Unalias(m.pkg.info.TypeOf(e)).(*types.Named); ok {
			if _, isStruct := named.Underlying().(*types.Struct); isStruct {
				m.declaredAt(e.Pos(), named.Origin().Obj())
			}
		}
	case *ast.SelectorExpr:
		s := m.pkg.info.Selections[e]
		if s == nil || s.Kind() != types.FieldVal {
			return
		}
		fields, _, indirect := fieldPath(s.Recv(), s.Index())
		m.fields(e.Sel.Pos(), fields)
		if !indirect {
			m.changes(e.X)
		}
	}
}

func (m *mutationFinder) fields(pos token.Pos, fields []*types.Var) {
	for _, f := range fields {
		m.declaredAt(pos, f)
	}
}

// declaredAt adds a finding if a field or a struct is declared in another file of
// the package.
func (m *mutationFinder) declaredAt(pos token.Pos, obj types.Object) {
	if declared := m.file(obj.Pos()); obj.Pkg() == m.pkg.types && declared != m.name {
		m.found = append(m.found, finding{pos, fmt.Sprintf("%s is changed outside %s, which declares it", obj.Name(), filepath.Base(declared))})
	}
}

func pointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

func TestMutations(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"release/job.go": `package release

type part struct{ n int }

func (p *part) grow() { p.n++ }

func (p part) size() int { return p.n }

type job struct {
	status string
	count  int
	names  map[string]int
	parts  []part
	value  part
	next   *job
	array  [2]int
}

func (j *job) end(status string) { j.status = status }

type box[T any] struct{ content T }

type embedding struct {
	part
	*job
}
`,
		"release/apply.go": `package release

type counter struct{ n int }

func apply(j *job, byValue job, b *box[int], e *embedding) {
	j.status = ""        // finding
	byValue.status = ""  // finding
	j.count++            // finding
	j.count += 2         // finding
	(j.next).count = 1   // finding
	j.names["a"] = 1     // finding
	delete(j.names, "a") // finding
	clear(j.parts)       // finding
	j.parts[0].n = 1     // finding
	j.value.n = 1        // finding
	j.value.grow()       // finding
	*j = job{}           // finding
	_ = &j.count         // finding
	_ = j.array[:]       // finding
	b.content = 1        // finding
	for j.count = range 3 { // finding
	}
	_, j.count = 1, 2 // finding
	e.n = 1           // finding
	e.grow()          // finding

	made := &job{status: "new", value: part{1}}
	made.end("done")
	j.next.end("done")
	e.end("done")
	_ = j.value.size()
	_ = e.size()
	_ = j.parts[0:]
	all := []job{{}}
	all[0] = job{count: j.count}
	made = nil
	own := counter{}
	own.n++
	use(made, all, own)
}

func use(...any) {}
`,
	}
	p := synthetic(t, sources)
	wantFindings(t, p, sources, p.mutations(p.internal("release")))
}
