package layout

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"testing"
)

// writesAlias are the calls that write an alias.
var writesAlias = []string{"CreateAlias", "UpdateAlias", "DeleteAlias", "BumpRevision"}

// writers finds the code that uses one of these methods of awsapi.Client, or of
// an interface that stands for it, and is no method of alias.Editor.
func (p *program) writers() []finding {
	var found []finding
	for _, c := range p.packages {
		for _, file := range c.files {
			for _, declaration := range file.Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && p.ofEditor(c, f) {
					continue
				}
				ast.Inspect(declaration, func(n ast.Node) bool {
					selector, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					if method, ok := c.info.Uses[selector.Sel].(*types.Func); ok && p.isWrite(method) {
						found = append(found, finding{selector.Pos(), fmt.Sprintf("%s writes an alias: only methods of alias.Editor may", method.Name())})
					}
					return true
				})
			}
		}
	}
	return found
}

// ofEditor reports whether a function is a method of alias.Editor.
func (p *program) ofEditor(c *checked, f *ast.FuncDecl) bool {
	recv := c.info.Defs[f.Name].(*types.Func).Signature().Recv()
	return recv != nil && c == p.internal("alias") && typeName(recv.Type()) == "Editor"
}

// isWrite reports whether a method is one of awsapi.Client that writes an alias,
// or the method of an interface of ours with its name.
func (p *program) isWrite(method *types.Func) bool {
	recv := method.Signature().Recv()
	if recv == nil || !slices.Contains(writesAlias, method.Name()) {
		return false
	}
	if method.Pkg() == p.internal("awsapi").types && typeName(recv.Type()) == "Client" {
		return true
	}
	return types.IsInterface(recv.Type()) && slices.ContainsFunc(p.packages, func(c *checked) bool { return c.types == method.Pkg() })
}

// typeName returns the name of a type, or of the type that it points to, "" if it
// has none.
func typeName(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Obj().Name()
	}
	return ""
}

func TestWriters(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"awsapi": `package awsapi

type Client struct{}

func (c *Client) CreateAlias()  {}
func (c *Client) UpdateAlias()  {}
func (c *Client) DeleteAlias()  {}
func (c *Client) BumpRevision() {}
func (c *Client) GetAlias()     {}
`,
		"alias": `package alias

import "lambda-release/internal/awsapi"

type client interface{ UpdateAlias() }

type Editor struct {
	client client
	aws    *awsapi.Client
}

func (e *Editor) Move() {
	e.client.UpdateAlias()
	func() { e.aws.CreateAlias() }()
	defer e.aws.BumpRevision()
}

func move(e *Editor) { e.client.UpdateAlias() } // finding

type other struct{ Editor }

func (o other) Move() { o.aws.CreateAlias() } // finding
`,
		"release": `package release

import "lambda-release/internal/awsapi"

type Editor struct{ *awsapi.Client }

func (e *Editor) Move() { e.UpdateAlias() } // finding

var remove = (*awsapi.Client).DeleteAlias // finding

func job(c *awsapi.Client) func() {
	c.GetAlias()
	c.CreateAlias()       // finding
	return c.BumpRevision // finding
}

func through(w interface{ DeleteAlias() }) { w.DeleteAlias() } // finding
`,
	}
	p := synthetic(t, sources)
	wantFindings(t, p, sources, p.writers())
}
