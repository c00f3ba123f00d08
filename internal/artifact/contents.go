package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// entry is what an archive has under a name.
type entry struct {
	mode fs.FileMode
	link string // what a symbolic link points to, with slashes
}

// contents is everything in an archive, by name: slashes, and none at the end.
// Folders are in it, too, whether or not the archive lists them.
type contents map[string]entry

// add adds an entry and the folders above it.
func (c contents) add(name string, e entry) {
	c[name] = e
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if _, known := c[dir]; known {
			return
		}
		c[dir] = entry{mode: fs.ModeDir | 0o755}
	}
}

// Where a function finds its package and its layers.
// https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
const (
	taskRoot  = "/var/task"
	layerRoot = "/opt"
)

// maxHops is how many links Linux follows on the way to a file.
// https://man7.org/linux/man-pages/man7/path_resolution.7.html
const maxHops = 40

// The ends of a path that leads to nothing in the package.
type dead int

const (
	missing dead = iota + 1
	looping
	leaving
)

// found is what a path leads to.
type found struct {
	entry
	name    string   // in the archive; of a dead end, the name that it failed at
	layer   bool     // it is in a layer, so the package does not show what it is
	through []string // the folders on the way
	dead    dead     // 0 if it leads to an entry or a layer
}

// find follows a path as Linux does after Lambda has unpacked the archive: step
// by step, through every link. The path begins at the top.
func (c contents) find(to string) found {
	var at []string // the folder that was reached
	rest := strings.Split(to, "/")
	hops := 0
	var f found
	here := entry{mode: fs.ModeDir}
	for len(rest) > 0 {
		step := rest[0]
		rest = rest[1:]
		switch {
		case step == "" || step == ".":
			continue
		case !here.mode.IsDir():
			return found{name: strings.Join(at, "/"), dead: missing}
		case step == "..":
			if len(at) == 0 {
				return found{dead: leaving}
			}
			at = at[:len(at)-1]
			continue
		}
		name := strings.Join(append(slices.Clip(at), step), "/")
		e, ok := c[name]
		switch {
		case !ok:
			return found{name: name, dead: missing}
		case e.link == "":
			at, here = append(slices.Clip(at), step), e
			if e.mode.IsDir() {
				f.through = append(f.through, name)
			}
			continue
		}
		if hops++; hops > maxHops {
			return found{name: name, dead: looping}
		}
		if path.IsAbs(e.link) {
			whole := path.Clean(e.link + "/" + strings.Join(rest, "/"))
			inside, inTask := below(whole, taskRoot)
			_, inLayer := below(whole, layerRoot)
			switch {
			case inLayer:
				return found{layer: true}
			case !inTask:
				return found{name: name, dead: leaving}
			}
			at, rest = nil, strings.Split(inside, "/")
			continue
		}
		rest = append(strings.Split(e.link, "/"), rest...)
	}
	f.entry, f.name = here, strings.Join(at, "/")
	return f
}

// below is what follows dir in an absolute path that is clean.
func below(p, dir string) (string, bool) {
	if p == dir {
		return "", true
	}
	return strings.CutPrefix(p, dir+"/")
}

// badLink is a link that would lead to nothing in Lambda.
type badLink struct {
	name, to string
	found    found
}

// badLinks finds them all, sorted by name.
func (c contents) badLinks() []badLink {
	var bad []badLink
	for _, name := range slices.Sorted(maps.Keys(c)) {
		e := c[name]
		if e.link == "" {
			continue
		}
		if f := c.find(name); f.dead != 0 {
			bad = append(bad, badLink{name, e.link, f})
		}
	}
	return bad
}

// problem says what is wrong with the link, and what to do.
func (b badLink) problem() linkProblem {
	what := "which is a loop of links: remove one of them"
	switch b.found.dead {
	case missing:
		what = fmt.Sprintf("but %q does not exist: build or install it first, or remove the link", b.found.name)
	case leaving:
		what = outside(b.to)
	}
	return linkProblem{b.name, b.to, what}
}

// linkProblem is why a link is refused.
type linkProblem struct{ name, to, what string }

// isOfMachine reports whether a path is of the machine and not of any package.
func isOfMachine(to string) bool {
	return slices.ContainsFunc([]string{"/proc", "/dev", "/sys"}, func(dir string) bool {
		_, in := below(path.Clean(to), dir)
		return in
	})
}

// outside says why a link out of the package is refused, and what to do.
func outside(to string) string {
	switch {
	case isOfMachine(to):
		return "which belongs to this machine, not to the package: remove the link"
	case strings.Contains("/"+to, "/node_modules/"):
		return "which is outside the package, where dependencies of several projects are installed: install them into the package " +
			"(with pnpm: `pnpm --filter NAME deploy FOLDER`) and give that folder as code, or bundle the code"
	}
	return "which is outside the package, and not a package that `workspaces` in package.json or pnpm-workspace.yaml declares: copy the target into the package"
}

// refuseLinks is the error about links; nil if nothing is wrong with any.
func refuseLinks(problems []linkProblem) error {
	if len(problems) == 0 {
		return nil
	}
	first := problems[0]
	text := fmt.Sprintf("%q is a link to %q, %s", first.name, first.to, first.what)
	if more := problems[1:]; len(more) > 0 {
		var names []string
		for _, p := range more {
			names = append(names, fmt.Sprintf("%q", p.name))
		}
		text += fmt.Sprintf("; %s more cannot be packed: %s", count(len(more), "link"), listed(names))
	}
	return errors.New(text)
}
