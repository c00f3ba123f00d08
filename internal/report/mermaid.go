package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

// maxPictured is the number of functions up to which a picture is easier to read
// than the table.
const maxPictured = 3

// picture is a Mermaid flowchart of aliases and their versions: with solid lines
// the versions that callers get now, with their share if there are several; with
// dashed lines the versions that they got before or that were planned, and the
// deleted versions.
// https://mermaid.js.org/syntax/flowchart.html
func picture(res release.Result) string {
	if len(res.Outcomes) > maxPictured {
		return ""
	}
	var b strings.Builder
	var functions []string
	for i, o := range res.Outcomes {
		if drawing := draw(i+1, o); drawing != "" {
			b.WriteString(drawing)
			functions = append(functions, functionID(i+1))
		}
	}
	if len(functions) == 0 {
		return ""
	}
	if len(functions) > 1 { // invisible links: Mermaid draws unlinked functions in the reverse order
		b.WriteString("  " + strings.Join(functions, " ~~~ ") + "\n")
	}
	return codeBlock("mermaid", []string{"flowchart TB", b.String() + otherClass})
}

// otherClass is the style of versions that callers do not get now. Its contrast is
// 5:1, in GitHub's light and dark mode alike: it sets all of its colours.
const otherClass = "  classDef other fill:#656d76,color:#fff,stroke:#fff,stroke-dasharray:5 5"

func functionID(n int) string { return fmt.Sprintf("function%d", n) }

// draw draws the nth function; it returns "" if no alias is known.
func draw(n int, o release.Outcome) string {
	d := drawing{function: n, served: map[alias.Version]bool{}}
	for _, p := range append(slices.Collect(maps.Values(o.Others)), o.After) {
		for _, s := range shares(p) {
			d.served[s.version] = true
		}
	}
	locks := locksOf(o)
	d.alias(o.Alias, locks[o.Alias], append(edgesOf(o), markEdges(o, o.Alias)...))
	others := slices.Sorted(maps.Keys(o.Others))
	rank := map[string]int{} // those that were changed outside come first, as in the table
	for _, a := range inspected(o).Aliases {
		rank[a.Name] = rankOfAlias(a)
	}
	slices.SortStableFunc(others, func(a, b string) int { return rank[a] - rank[b] })
	for _, name := range others[:min(len(others), maxAliases)] {
		d.alias(name, locks[name], append(sharesOf(o.Others[name]), markEdges(o, name)...))
	}
	if more := len(others) - maxAliases; more > 0 {
		d.line(`more%d(["… and %d more"])`, n, more)
	}
	if d.aliases == 0 {
		return ""
	}
	if len(o.Pruned) > 0 {
		d.line(`pruned%d["deleted: %s"]:::other`, n, shorten(ranges(o.Pruned), 60))
	}
	return fmt.Sprintf("  subgraph %s[\"%s\"]\n    direction LR\n%s  end\n", functionID(n), label(o.Function), &d.b)
}

// locksOf is what the names of locked aliases are followed by.
func locksOf(o release.Outcome) map[string]string {
	const locked = ", locked"
	all := map[string]string{}
	if o.Locked {
		all[o.Alias] = locked
	}
	for _, a := range inspected(o).Aliases {
		if a.Lock != nil {
			all[a.Name] = locked
		}
	}
	return all
}

// maxAliases is how many other aliases of a function are drawn. There can be many
// previews of pull requests.
const maxAliases = 12

// drawing is the part of the picture for one function.
type drawing struct {
	function int
	served   map[alias.Version]bool // versions that callers of any alias get now
	aliases  int
	b        strings.Builder
}

func (d *drawing) line(format string, args ...any) {
	_, _ = fmt.Fprintf(&d.b, "    "+format+"\n", args...)
}

// alias draws an alias: its name, what else there is to say of it, and its edges.
func (d *drawing) alias(name, more string, edges []edge) {
	if name == "" || len(edges) == 0 {
		return
	}
	d.aliases++
	id := fmt.Sprintf("alias%d_%d", d.function, d.aliases)
	d.line(`%s(["%s%s"])`, id, label(name), more)
	for _, e := range edges {
		arrow, class := "-->", ""
		if e.dashed {
			arrow = "-.->"
		}
		if e.dashed && !d.served[e.version] {
			class = ":::other"
		}
		if e.text != "" {
			arrow += `|"` + e.text + `"|`
		}
		d.line("%s %s %s%s", id, arrow, node(d.function, e.version), class)
	}
}

// edge leads from an alias to a version.
type edge struct {
	version alias.Version
	text    string
	dashed  bool // callers do not get this version now
}

// edgesOf returns the edges of the alias that the outcome is about.
func edgesOf(o release.Outcome) []edge {
	all := sharesOf(o.After)
	if o.After.Unknown && !o.Before.Unknown {
		all = append(all, edge{version: alias.None})
	}
	other := func(v alias.Version, text string) {
		if !slices.ContainsFunc(all, func(e edge) bool { return e.version == v }) {
			all = append(all, edge{v, text, true})
		}
	}
	for _, s := range shares(o.Before) {
		other(s.version, "before")
	}
	if o.Version != alias.None {
		switch o.Status {
		case release.Planned, release.Started:
			other(o.Version, ahead(o))
		case release.Held, release.Superseded, release.Locked, release.Failed:
			text := string(o.Status)
			if stopped(o) {
				text = "not moved"
			}
			other(o.Version, text)
		}
	}
	return all
}

// sharesOf returns an edge for each version that callers get.
func sharesOf(p alias.Position) []edge {
	all := shares(p)
	edges := make([]edge, len(all))
	for i, s := range all {
		edges[i].version = s.version
		if len(all) > 1 {
			edges[i].text = alias.Percent(s.weight)
		}
	}
	return edges
}

// share is the part of an alias's traffic that a version gets.
type share struct {
	version alias.Version
	weight  float64
}

// shares returns the versions behind an alias, starting with its own version.
func shares(p alias.Position) []share {
	if p.Unknown || p.Version == alias.None {
		return nil
	}
	all := []share{{p.Version, p.Rest()}}
	for _, v := range slices.Sorted(maps.Keys(p.Weights)) {
		all = append(all, share{v, p.Weights[v]})
	}
	return all
}

// node is the box of a version. Its ID begins with a word that is not a Mermaid
// keyword.
func node(n int, v alias.Version) string {
	switch v {
	case alias.None:
		return fmt.Sprintf(`unknown%d["?"]`, n)
	case alias.Latest:
		return fmt.Sprintf(`latest%d["%s"]`, n, v)
	case alias.LatestPublished:
		return fmt.Sprintf(`published%d["%s"]`, n, v)
	default:
		return fmt.Sprintf(`version%d_%d["version %s"]`, n, v, v)
	}
}

// label returns a name for use inside quotes. It replaces characters that no AWS
// name contains, because Mermaid's preprocessor changes the entities that would
// escape them.
func label(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isName(string(r)) {
			return r
		}
		return '_'
	}, shorten(name, maxName))
}
