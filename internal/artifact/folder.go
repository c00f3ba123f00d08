package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// file is a file to pack.
type file struct {
	name       string // in the archive: slashes, UTF-8
	from       string // below the folder, with all links resolved
	size       int64  // in bytes
	executable bool   // by its mode; Windows has no such bit
}

// folder walks a folder.
type folder struct {
	ctx      context.Context
	dir      string   // without links
	root     *os.Root // dir; nothing outside can be read through it
	limits   limits
	files    []file
	unpacked int64
	visited  int // files and folders
}

// openFolder lists the files below dir, sorted by name, and refuses a folder
// that is too large; it reads no file. The caller closes root.
//
// A link to a place in the same folder is packed as what it points to. A link
// out of the folder is an error, since it would pack what only this machine
// has, and so is a loop of links.
func openFolder(ctx context.Context, dir string, l limits) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{ctx: ctx, dir: dir, root: root, limits: l}
	if err := f.list(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

func (f *folder) list() error {
	if err := f.walk("", ".", []string{"."}); err != nil {
		return err
	}
	for _, file := range f.files {
		f.unpacked = plus(f.unpacked, uint64(file.size)) //nolint:gosec // no file has less than 0 bytes
	}
	slices.SortFunc(f.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return f.limits.checkUnpacked(f.unpacked)
}

// walk lists the folder at from, whose name in the archive is name. above are
// the folders on the way there, itself included.
func (f *folder) walk(name, from string, above []string) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(f.root.FS(), filepath.ToSlash(from))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, from := path.Join(name, entry.Name()), filepath.Join(from, entry.Name())
		if err := f.visit(name); err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if from, info, err = f.follow(name, from); err != nil {
				return err
			}
		}
		switch {
		case info.IsDir():
			if slices.Contains(above, from) {
				return fmt.Errorf("%q is a link to a folder that contains it, which is a loop: remove it", name)
			}
			err = f.walk(name, from, append(slices.Clip(above), from))
		case info.Mode().IsRegular():
			f.files = append(f.files, file{name: name, from: from, size: info.Size(), executable: info.Mode()&0o111 != 0})
		default:
			err = fmt.Errorf("%q is %s, which cannot be zipped: remove it", name, kindOf(info.Mode()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// visit checks a name and the number of files.
func (f *folder) visit(name string) error {
	f.visited++
	switch {
	case f.visited > f.limits.maxFiles():
		return fmt.Errorf("more than %d files and folders do not fit into %s: zip it and %s", f.limits.maxFiles(), megabytes(f.limits.zipped), useS3)
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8 and would change when unpacked: rename it", name)
	case strings.Contains(name, `\`):
		return fmt.Errorf("the name %q has a backslash, which may be unpacked as a folder: rename it", name)
	}
	return nil
}

// follow resolves a link.
func (f *folder) follow(name, from string) (string, fs.FileInfo, error) {
	full := filepath.Join(f.dir, from)
	target, err := filepath.EvalSymlinks(full)
	if err != nil {
		to, _ := os.Readlink(full)
		return "", nil, fmt.Errorf("%q is a link to %q, which cannot be opened: %w", name, to, err)
	}
	rel, err := filepath.Rel(f.dir, target)
	if err != nil || !filepath.IsLocal(rel) {
		return "", nil, fmt.Errorf("%q is a link out of the folder, to %q: copy the target into the folder", name, target)
	}
	info, err := f.root.Lstat(rel)
	return rel, info, err
}
