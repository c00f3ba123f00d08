package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"
)

// file is an entry to pack.
type file struct {
	name       string   // in the archive: slashes, UTF-8
	root       *os.Root // of the part that it is read from
	from       string   // below root, without links
	size       int64    // in bytes
	executable bool     // by its mode; Windows has no such bit
	link       string   // what a symbolic link points to
	folder     bool     // an empty folder
}

// part is a folder on disk whose files are packed: the folder itself, and each
// package of its monorepo that a link leads to.
type part struct {
	dir  string   // without links
	root *os.Root // dir; nothing outside can be read through it
	name string   // in the archive; "" of the folder itself
}

// folder walks a folder.
type folder struct {
	ctx      context.Context
	limits   limits
	parts    []part
	ignored  ignored
	files    []file
	contents contents // files, and the folders among them
	unpacked int64
	visited  int // files and folders

	leftOut  omitted
	secrets  []string // those that are only left out as such
	badLinks []linkProblem
}

// openFolder lists what is in dir, sorted by name, and refuses a folder that is
// too large; it reads no file. The caller calls close.
//
// A link is stored as a link, since copies would change what a program finds
// through it: pnpm's node_modules consists of links. Each must lead to something
// in the archive, or in a layer. A link out of the folder is refused, since its
// target is only on this machine, unless it leads to a package of the monorepo,
// which is copied.
func openFolder(ctx context.Context, dir string, l limits) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	f := &folder{ctx: ctx, limits: l, contents: contents{}, leftOut: omitted{}}
	if err := f.list(dir); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *folder) close() error {
	var errs []error
	for _, t := range f.parts {
		errs = append(errs, t.root.Close())
	}
	return errors.Join(errs...)
}

func (f *folder) list(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	top := part{dir: dir, root: root}
	f.parts = []part{top}
	if err := f.readIgnored(root); err != nil {
		return err
	}
	if err := f.walk(top, "."); err != nil {
		return err
	}
	if err := f.checkLinks(); err != nil {
		return err
	}
	for _, file := range f.files {
		f.unpacked = plus(f.unpacked, uint64(file.size)) //nolint:gosec // no file has less than 0 bytes
	}
	slices.SortFunc(f.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return f.limits.checkUnpacked(f.unpacked)
}

// readIgnored reads .lambdaignore, whose patterns come after those for every folder.
func (f *folder) readIgnored(root *os.Root) error {
	text, err := root.ReadFile(ignoreName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	own, err := parseIgnored(string(text))
	if err != nil {
		return fmt.Errorf("read %s: %w", ignoreName, err)
	}
	f.ignored = slices.Concat(byInstalled, bySecrets, own, ignored{{glob: ignoreName, parts: true}})
	return nil
}

// walk lists the folder at from, below the part.
func (f *folder) walk(t part, from string) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(t.root.FS(), filepath.ToSlash(from))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		from := filepath.Join(from, entry.Name())
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := f.add(t, from, info); err != nil {
			return err
		}
	}
	return nil
}

// add adds what is at from, and what is below it.
func (f *folder) add(t part, from string, info fs.FileInfo) error {
	name := path.Join(t.name, filepath.ToSlash(from))
	if f.leavesOut(name, filepath.ToSlash(from), info.IsDir()) {
		return nil
	}
	if err := f.visit(name); err != nil {
		return err
	}
	if isLink(info.Mode()) {
		if to, err := t.root.Readlink(from); err == nil {
			return f.addLink(t, name, from, to)
		}
	}
	switch {
	case info.IsDir():
		f.contents.add(name, entry{mode: info.Mode()})
		return f.walk(t, from)
	case info.Mode().IsRegular():
		f.files = append(f.files, file{name: name, root: t.root, from: from, size: info.Size(), executable: info.Mode()&0o111 != 0})
		f.contents.add(name, entry{mode: info.Mode()})
		return nil
	}
	return fmt.Errorf("%q is %s, which cannot be zipped: remove it", name, kindOf(info.Mode()))
}

// leavesOut reports whether a name is left out, and keeps it in mind.
func (f *folder) leavesOut(name, inPart string, dir bool) bool {
	out, secret := f.ignored.match(name, inPart, dir)
	if out {
		f.leftOut[name] = secret
	}
	if secret {
		f.secrets = append(f.secrets, name)
	}
	return out
}

// visit checks a name and the number of files.
func (f *folder) visit(name string) error {
	f.visited++
	if f.visited > f.limits.maxFiles() {
		return fmt.Errorf("more than %d files and folders: leave out what the function does not need, or build a container image", f.limits.maxFiles())
	}
	return checkName(name)
}

func checkName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8 and would change when unpacked: rename it", name)
	case strings.Contains(name, `\`):
		return fmt.Errorf("the name %q has a backslash, which Lambda does not take for a folder: rename it", name)
	}
	return nil
}

// isLink reports whether a file may be a link. On Windows, those of folders are
// often junctions, which have a mode of their own, as other things do.
func isLink(mode fs.FileMode) bool {
	return mode&fs.ModeSymlink != 0 || runtime.GOOS == "windows" && mode&fs.ModeIrregular != 0
}

// addLink adds the link at from, which points to to.
func (f *folder) addLink(t part, name, from, to string) error {
	absolute := filepath.IsAbs(to) || strings.HasPrefix(to, "/")
	if !absolute && !t.climbsOut(filepath.Dir(from), to) {
		f.store(name, filepath.ToSlash(to))
		return nil
	}
	raw := to // not cleaned: what a .. leaves may be a link
	if !absolute {
		raw = filepath.Join(t.dir, filepath.Dir(from)) + string(filepath.Separator) + to
	}
	target, err := filepath.EvalSymlinks(raw)
	if err == nil && absolute {
		for _, in := range []part{t, f.parts[0]} {
			if inside, ok := in.nameOf(target); ok {
				f.store(name, relative(name, inside))
				return nil
			}
		}
	}
	clean := path.Clean(filepath.ToSlash(to))
	if _, inLayer := below(clean, layerRoot); inLayer {
		f.store(name, clean)
		return nil
	}
	if err == nil && !isHoisted(name) {
		copied, err := f.addPackage(name, target)
		if copied || err != nil {
			return err
		}
	}
	if isHoisted(name) {
		return nil
	}
	f.badLinks = append(f.badLinks, linkProblem{name, to, f.whyRefused(to, target, err)})
	return nil
}

// isHoisted reports whether a link is one of those by which pnpm lets packages find
// what they do not declare. `pnpm deploy` leaves links out of the folder there, to the
// packages of the workspace, which nothing needs: they are left out.
// https://pnpm.io/settings#hoist
func isHoisted(name string) bool {
	return strings.Contains("/"+name, "/node_modules/.pnpm/node_modules/")
}

// store adds a link that is a link in the archive, too.
func (f *folder) store(name, to string) {
	f.files = append(f.files, file{name: name, size: int64(len(to)), link: to})
	f.contents.add(name, entry{mode: fs.ModeSymlink | 0o777, link: to})
}

// addPackage adds the package of the monorepo at target, a path without links, for
// a link to it: as a copy, or as a link to where it is already.
func (f *folder) addPackage(name, target string) (bool, error) {
	m, err := monorepoOf(f.parts[0].dir)
	if err != nil || !m.declares(target) {
		return false, err
	}
	for _, t := range f.parts {
		if t.dir == target {
			f.store(name, relative(name, t.name))
			return true, nil
		}
	}
	if rel, err := filepath.Rel(target, f.parts[0].dir); err == nil && filepath.IsLocal(rel) {
		return false, nil // it has the folder in it
	}
	if f.leavesOut(name, name, true) {
		return true, nil
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return false, err
	}
	t := part{dir: target, root: root, name: name}
	f.parts = append(f.parts, t)
	f.contents.add(name, entry{mode: fs.ModeDir | 0o755})
	return true, f.walk(t, ".")
}

// climbsOut reports whether a relative link in the folder dir leads out of the part
// by its own steps, before it meets another link.
func (t part) climbsOut(dir, to string) bool {
	at := filepath.Clean(dir)
	for step := range strings.SplitSeq(filepath.ToSlash(to), "/") {
		if step == ".." && at == "." {
			return true
		}
		at = filepath.Join(at, step)
		if info, err := t.root.Lstat(at); err != nil || isLink(info.Mode()) {
			return false
		}
	}
	return false
}

// nameOf is the name in the archive of a path without links, if it is in the part.
func (t part) nameOf(target string) (string, bool) {
	rel, err := filepath.Rel(t.dir, target)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return path.Join(t.name, filepath.ToSlash(rel)), true
}

// relative is how a link points to another name of the archive; "" is its top.
func relative(link, to string) string {
	// Both are below the top, so that one can be reached from the other.
	rel, _ := filepath.Rel(filepath.FromSlash(path.Dir(link)), filepath.FromSlash(path.Join(".", to)))
	return filepath.ToSlash(rel)
}

// whyRefused says what is wrong with a link that leads out of its part: to target,
// or nowhere because of err.
func (f *folder) whyRefused(to, target string, err error) string {
	switch {
	case isOfMachine(filepath.ToSlash(to)):
		return outside(to)
	case err == nil && f.parts[0].has(target):
		return "which leaves the folder on the way back into it: make it a link that stays in the folder"
	case err == nil:
		return outside(filepath.ToSlash(target))
	case errors.Is(err, fs.ErrNotExist):
		return "which does not exist: build or install it first, or remove the link"
	}
	return fmt.Sprintf("which cannot be followed (%v): remove one of the links if it is a loop", err)
}

// has reports whether a path without links is in the part.
func (t part) has(target string) bool {
	_, ok := t.nameOf(target)
	return ok
}

// checkLinks refuses the links that would lead to nothing in the archive, and
// adds the empty folders that the others need.
func (f *folder) checkLinks() error {
	for _, bad := range f.contents.badLinks() {
		problem := bad.problem()
		if out := f.leftOut.at(bad.found.name); out != "" {
			problem.what = fmt.Sprintf("but %q is left out of the package: write `!%s` into %s, or leave out the link, too", out, out, ignoreName)
		}
		f.badLinks = append(f.badLinks, problem)
	}
	if err := refuseLinks(f.badLinks); err != nil {
		return err
	}
	packed := contents{}
	for _, file := range f.files {
		packed.add(file.name, entry{})
	}
	for name, e := range f.contents {
		if e.link == "" {
			continue
		}
		for _, dir := range f.contents.find(name).through {
			if _, there := packed[dir]; !there {
				packed.add(dir, entry{})
				f.files = append(f.files, file{name: dir + "/", folder: true})
			}
		}
	}
	return nil
}

// omitted are the names that were left out: true as secrets, else by .lambdaignore.
type omitted map[string]bool

// at is what was left out at a name or above it, if anything was.
func (o omitted) at(name string) string {
	for at := name; at != "." && at != ""; at = path.Dir(at) {
		if _, out := o[at]; out {
			return at
		}
	}
	return ""
}
