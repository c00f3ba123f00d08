package input

import (
	"fmt"
	"regexp"
	"strings"
)

// node is a key of a YAML document, with its value or with keys of its own.
type node struct {
	key      string
	value    string
	children []*node
}

// child is the one called key, or an empty one.
func (n *node) child(key string) *node {
	for _, c := range n.children {
		if c.key == key {
			return c
		}
	}
	return &node{}
}

// yamlReader reads the little of YAML that action.yml is written in, and fails
// at anything else: keys indented by two spaces each, plain or single-quoted
// values in a line, >- and |- blocks without blank lines, lines of comment.
type yamlReader struct {
	lines []string
	at    int // index of the next line
}

func parseYAML(text string) (*node, error) {
	r := &yamlReader{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	for i, line := range r.lines {
		if strings.Contains(line, "\t") {
			return nil, fmt.Errorf("line %d: a tab", i+1)
		}
		if strings.HasSuffix(line, " ") {
			return nil, fmt.Errorf("line %d: a space at its end", i+1)
		}
	}
	root := &node{}
	if err := r.keys(root, 0); err != nil {
		return nil, err
	}
	if r.at < len(r.lines) {
		return nil, r.errorf("indented by %d", indentOf(r.lines[r.at]))
	}
	return root, nil
}

func (r *yamlReader) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", r.at+1, fmt.Sprintf(format, args...))
}

func indentOf(line string) int {
	return len(line) - len(strings.TrimLeft(line, " "))
}

var yamlKey = regexp.MustCompile(`^([a-z][a-z0-9-]*):(?: (.+))?$`)

// keys reads the keys of parent, which are indented by indent, up to a line
// that is indented by less.
func (r *yamlReader) keys(parent *node, indent int) error {
	for ; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		trimmed := strings.TrimLeft(line, " ")
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if n := indentOf(line); n < indent {
			return nil
		} else if n > indent {
			return r.errorf("indented by %d", n)
		}
		m := yamlKey.FindStringSubmatch(trimmed)
		if m == nil {
			return r.errorf("no key")
		}
		n := &node{key: m[1]}
		if parent.child(n.key).key != "" {
			return r.errorf("%s twice", n.key)
		}
		parent.children = append(parent.children, n)
		if err := r.content(n, m[2], indent+2); err != nil {
			return err
		}
	}
	return nil
}

// content reads what stands behind a key, and leaves r.at at its last line.
func (r *yamlReader) content(n *node, rest string, indent int) error {
	first := r.at
	switch rest {
	case "":
		r.at++
		if err := r.keys(n, indent); err != nil {
			return err
		}
		r.at--
	case ">-", "|-":
		if err := r.block(n, rest, indent); err != nil {
			return err
		}
	default:
		value, err := r.scalar(rest)
		n.value = value
		return err
	}
	if n.value == "" && len(n.children) == 0 {
		return fmt.Errorf("line %d: %s has neither value nor keys", first+1, n.key)
	}
	return nil
}

// block reads the lines indented by indent: >- joins them by spaces, |- keeps
// them.
func (r *yamlReader) block(n *node, style string, indent int) error {
	var lines []string
	for r.at+1 < len(r.lines) {
		line := r.lines[r.at+1]
		if line == "" && r.at+2 < len(r.lines) && indentOf(r.lines[r.at+2]) >= indent {
			r.at++
			return r.errorf("a blank line")
		}
		if indentOf(line) < indent || line == "" {
			break
		}
		r.at++
		if in := indentOf(line); in > indent {
			return r.errorf("indented by %d", in)
		}
		lines = append(lines, line[indent:])
	}
	separator := " "
	if style == "|-" {
		separator = "\n"
	}
	n.value = strings.Join(lines, separator)
	return nil
}

func (r *yamlReader) scalar(text string) (string, error) {
	if quoted, ok := strings.CutPrefix(text, "'"); ok {
		value, rest, ok := strings.Cut(quoted, "'")
		if !ok || rest != "" {
			return "", r.errorf("a quote within or without its end")
		}
		return value, nil
	}
	if strings.ContainsRune("\"[]{}>|*&!%@`,?-#", rune(text[0])) {
		return "", r.errorf("a value that begins with %q", text[0])
	}
	if strings.Contains(text, ": ") || strings.Contains(text, " #") {
		return "", r.errorf("a comment or a key within a value")
	}
	return text, nil
}
