// Package document reads YAML and JSON documents as a tree in which every value
// knows its place, so that whatever is wrong with one can be reported with file,
// line and column.
//
// A Schema says what a value may be, and reads it.
//
// Documents may hold secrets. So a Problem shows the key that it is about, and of
// values only what the reader of the tree hands to it.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Kind is the type of a Value.
type Kind int

// The kinds of values. What was refused already, and reported, is Refused.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Object
	Refused
)

func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "an object", "refused"}[k]
}

// Value is a value in a document.
type Value struct {
	Kind     Kind
	Text     string   // of a scalar, as written, without quotes; of a Null "" if it is left out
	Elements []Value  // of a List
	Members  []Member // of an Object, in their order

	place   place
	written string // what a text was before its variables were replaced; "" if it has none
}

// Get is the value of a key of an object.
func (v Value) Get(key string) (Value, bool) {
	for _, m := range v.Members {
		if m.Key == key {
			return m.Value, true
		}
	}
	return Value{}, false
}

// Over is v with the members of base that it does not have itself.
func (v Value) Over(base Value) Value {
	var members []Member
	for _, m := range base.Members {
		if _, own := v.Get(m.Key); !own {
			members = append(members, m)
		}
	}
	v.Members = append(members, v.Members...)
	return v
}

// Member is a key of an object with its value. No two of an object have the same key.
type Member struct {
	Key   string
	Value Value

	place place
}

// place is where something is in a document.
type place struct {
	file         string
	line, column int
	key          string // that it is the value of, or that it is; "" for neither
}

// Parse reads one document in UTF-8. With Problems, the Value has what could be read.
// JSON is read as YAML, of which it is a part. Anchors, aliases, tags and merge keys
// are not supported.
func Parse(file string, content []byte) (Value, Problems) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	at := place{file: file, line: 1, column: 1}
	if i := notUTF8(content); i >= 0 {
		at.line += bytes.Count(content[:i], []byte("\n"))
		at.column = i - bytes.LastIndexByte(content[:i], '\n')
		return Value{}, Problems{at.problem("", "not in UTF-8", "save the file in that encoding")}
	}
	tokens := lexer.Tokenize(string(content))
	if t := tooDeep(tokens); t != nil {
		at.line, at.column = t.Position.Line, t.Position.Column
		return Value{}, Problems{at.problem("", "nested too deeply", fmt.Sprintf("nest at most %d lists and objects", maxDepth))}
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return Value{}, Problems{syntaxProblem(file, content, err)}
	}
	r := &reader{file: file}
	var bodies []ast.Node
	for _, d := range parsed.Docs {
		if _, directive := d.Body.(*ast.DirectiveNode); d.Body != nil && !directive {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return Value{place: at}, nil
	case 1:
		return r.value(bodies[0], at), r.problems
	}
	return Value{}, Problems{r.at(bodies[1], "").problem("", "a second document", "write one document in a file")}
}

// notUTF8 is where the first byte is that is no UTF-8, -1 if there is none. A NUL is in
// no text, but in every one in UTF-16.
func notUTF8(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// maxDepth is more than any document needs that is read here. The parser takes time and
// stack for each level.
const maxDepth = 100

// tooDeep is the first token that is nested too deeply, nil if none is. Of lists and
// objects without brackets, it counts those that begin in the same line.
func tooDeep(tokens token.Tokens) *token.Token {
	brackets, inLine := 0, 0
	for _, t := range tokens {
		switch t.Type { //nolint:exhaustive // all others end what began in the line
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType:
			inLine++
		default:
			inLine = 0
		}
		if brackets > maxDepth || inLine > maxDepth {
			return t
		}
	}
	return nil
}

// syntaxProblem shows of the line only what stands before the first colon, if that looks
// like a key.
func syntaxProblem(file string, content []byte, err error) Problem {
	p := Problem{File: file, What: "neither YAML nor JSON"}
	wrong, ok := errors.AsType[*yaml.SyntaxError](err)
	if !ok || wrong.Token == nil {
		return p
	}
	p.Line, p.Column = wrong.Token.Position.Line, wrong.Token.Position.Column
	p.What += ": " + wrong.Message // which repeats no values
	if all := strings.Split(string(content), "\n"); 0 < p.Line && p.Line <= len(all) {
		line := strings.TrimRight(all[p.Line-1], "\r")
		if strings.HasPrefix(strings.TrimLeft(line, " "), "\t") {
			p.Allowed = "indent with spaces: YAML allows no tabs"
		}
		if key, _, found := strings.Cut(strings.TrimSpace(line), ":"); found && keyLike.MatchString(key) {
			p.Shown = strings.Trim(key, `"{[, `) + ": …"
		}
	}
	return p
}

// keyLike matches a key, perhaps behind brackets, and no text in which there is a colon.
var keyLike = regexp.MustCompile(`^[{\[ ]*"?[A-Za-z_][A-Za-z0-9_-]*"?$`)

type reader struct {
	file     string
	problems Problems
}

func (r *reader) at(n ast.Node, key string) place {
	at := place{file: r.file, key: key}
	if t := n.GetToken(); t != nil && t.Position != nil {
		at.line, at.column = t.Position.Line, t.Position.Column
	}
	return at
}

const writeItself = "write the value itself"

// refuse adds a problem, and returns what stands for the value.
func (r *reader) refuse(at place, what, allowed string) Value {
	r.problems = append(r.problems, at.problem("", what, allowed))
	return Value{Kind: Refused, place: at}
}

// lostTab reports whether there was a tab within a text without quotes, which the lexer
// removes.
func lostTab(t *token.Token) bool {
	return t.Type == token.StringType && strings.Contains(strings.TrimSpace(t.Origin), "\t") && !strings.Contains(t.Value, "\t")
}

func (r *reader) value(n ast.Node, at place) Value {
	switch n := n.(type) {
	case *ast.NullNode:
		if n.Token.Type == token.ImplicitNullType {
			return Value{place: at}
		}
		return Value{Text: n.Token.Value, place: at}
	case *ast.BoolNode:
		return Value{Kind: Bool, Text: n.GetToken().Value, place: at}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return Value{Kind: Number, Text: n.GetToken().Value, place: at}
	case *ast.StringNode:
		if lostTab(n.Token) {
			return r.refuse(at, "a tab in a text without quotes", "put the text in quotes")
		}
		return Value{Kind: Text, Text: n.Value, place: at}
	case *ast.LiteralNode:
		return Value{Kind: Text, Text: n.Value.Value, place: at}
	case *ast.SequenceNode:
		list := Value{Kind: List, place: at}
		for _, element := range n.Values {
			list.Elements = append(list.Elements, r.value(element, r.at(element, at.key)))
		}
		return list
	case *ast.MappingNode:
		return r.object(n.Values, at)
	case *ast.MappingValueNode:
		return r.object([]*ast.MappingValueNode{n}, at)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return r.refuse(at, "anchors, aliases and tags are not supported", writeItself)
	}
	return r.refuse(at, "not supported", writeItself)
}

func (r *reader) object(values []*ast.MappingValueNode, at place) Value {
	object := Value{Kind: Object, place: at}
	first := map[string]place{}
	for _, v := range values {
		key, ok := v.Key.(ast.ScalarNode)
		if !ok || v.Key.Type() == ast.MergeKeyType {
			r.refuse(r.at(v.Key, ""), "only names are supported as keys", writeItself)
			continue
		}
		name := key.GetToken().Value
		if lostTab(key.GetToken()) {
			r.refuse(r.at(v.Key, name), "a tab in a key", "write the key without it")
			continue
		}
		m := Member{Key: name, place: r.at(v.Key, name)}
		if before, twice := first[name]; twice {
			r.problems = append(r.problems, m.Problem("a second time: the first is in line "+before.lineText(), "give each key once"))
			continue
		}
		first[name] = m.place
		m.Value = r.value(v.Value, m.place.of(v.Value))
		object.Members = append(object.Members, m)
	}
	return object
}

// of is the place of the value of a key. A value that is left out is where its key is.
func (p place) of(n ast.Node) place {
	if t := n.GetToken(); t != nil && t.Position != nil && n.Type() != ast.NullType {
		if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle { // its token is the first colon
			return p
		}
		p.line, p.column = t.Position.Line, t.Position.Column
	}
	return p
}
