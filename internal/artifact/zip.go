package artifact

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"unicode/utf8"
)

// readZip reads an archive that is sent as it is. Its directory, at the end of the
// file, shows whether it is a zip, what is in it and how large that is; only then is
// the file read, once. Only links and the beginning of programs are unpacked.
func readZip(s Source, l limits) (Package, error) {
	p, err := loadZip(s, l)
	if err != nil {
		return Package{}, fmt.Errorf("read code %q: %w", s.Given, err)
	}
	return p, nil
}

func loadZip(s Source, l limits) (p Package, err error) {
	in, err := os.Open(s.Path)
	if err != nil {
		return Package{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	info, err := in.Stat()
	if err != nil {
		return Package{}, err
	}
	p = Package{Source: s, Size: info.Size()}
	directory, err := zip.NewReader(in, p.Size)
	if err != nil {
		return Package{}, notAZip(in, p.Size, err)
	}
	p.Files, p.Unpacked = measure(directory)
	if p.Files == 0 {
		return Package{}, errors.New("the zip contains no file, which Lambda refuses")
	}
	// The unpacked size first: the advice to use S3 helps only if it is good.
	if err := l.checkUnpacked(p.Unpacked); err != nil {
		return Package{}, err
	}
	if err := l.checkZipped(p.Size); err != nil {
		return Package{}, err
	}
	if p.contents, p.Warnings, err = checkEntries(directory); err != nil {
		return Package{}, err
	}
	seen := newScan(p.contents)
	seen.archive(directory)
	seen.into(&p)

	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(in, 0, p.Size)); err != nil {
		return Package{}, err
	}
	p.SHA256 = base64.StdEncoding.EncodeToString(sum.Sum(nil))
	return p, nil
}

// checkEntries lists what is in an archive, and refuses what would not be there
// when Lambda has unpacked it.
func checkEntries(directory *zip.Reader) (contents, []string, error) {
	c := contents{}
	var names, odd, packed, private []string
	for _, f := range directory.File {
		name := nameOf(f)
		e, err := entryOf(f)
		if err != nil {
			return nil, nil, err
		}
		c.add(name, e)
		names = append(names, name)
		if name != strings.TrimSuffix(f.Name, "/") || strings.HasPrefix(name, "../") || !utf8.ValidString(name) {
			odd = append(odd, fmt.Sprintf("%q", f.Name))
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			packed = append(packed, fmt.Sprintf("%q", f.Name))
		}
		if !readable(e.mode) {
			private = append(private, name)
		}
	}
	var warnings []string
	if len(odd) > 0 {
		warnings = append(warnings, fmt.Sprintf("the archive has names that Lambda may change when it unpacks them: %s; write plain relative paths in UTF-8", listed(odd)))
	}
	if len(packed) > 0 {
		warnings = append(warnings, fmt.Sprintf("the archive has files that Lambda may not be able to unpack: %s; compress them by deflate", listed(packed)))
	}
	if len(private) > 0 {
		warnings = append(warnings, fmt.Sprintf("the archive has files or folders that only some users may read, and Lambda may run the function as another: %s; run chmod -R a+rX before zipping, or give the folder as code", listed(private)))
	}
	var problems []linkProblem
	for _, bad := range c.badLinks() {
		problems = append(problems, bad.problem())
	}
	if secret := c.secretsIn(names); len(secret) > 0 {
		warnings = append(warnings, kept(secret))
	}
	return c, warnings, refuseLinks(problems)
}

// nameOf is the name of an entry in contents.
func nameOf(f *zip.File) string { return path.Clean(strings.Trim(f.Name, "/")) }

// readable reports whether every user may read an entry. A mode without any
// permission is taken for one that the archive does not have.
func readable(mode fs.FileMode) bool {
	need := fs.FileMode(0o004)
	if mode.IsDir() {
		need = 0o005
	}
	return mode.Type() == fs.ModeSymlink || mode.Perm() == 0 || mode&need == need
}

// encrypted is the flag of an entry that needs a password.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.4.4)
const encrypted = 1

// maxLink is more than Linux allows in a link.
const maxLink = 4096

func entryOf(f *zip.File) (entry, error) {
	e := entry{mode: f.Mode()}
	switch kind := e.mode.Type(); {
	case strings.Contains(f.Name, `\`):
		return e, fmt.Errorf("the name %q has a backslash, which Lambda does not take for a folder: create the zip with a tool that writes slashes, or give the folder as code", f.Name)
	case f.Flags&encrypted != 0:
		return e, fmt.Errorf("%q is encrypted, and Lambda has no password: create the zip without one", f.Name)
	case kind == fs.ModeSymlink:
		text, err := textOf(f)
		if err != nil {
			return e, fmt.Errorf("read the link %q: %w", f.Name, err)
		}
		e.link = text
	case kind != 0 && kind != fs.ModeDir:
		return e, fmt.Errorf("%q is %s, which Lambda cannot unpack: remove it", f.Name, kindOf(e.mode))
	}
	return e, nil
}

// textOf is what a link points to.
func textOf(f *zip.File) (string, error) {
	in, err := f.Open()
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(in, maxLink+1))
	if err == nil && (len(text) == 0 || len(text) > maxLink) {
		err = fmt.Errorf("it points to a name of %d bytes", len(text))
	}
	return string(text), err
}

// measure counts the files of an archive and their unpacked bytes, as its
// directory lists them, also in zip64.
func measure(directory *zip.Reader) (files int, unpacked int64) {
	for _, f := range directory.File {
		if f.FileInfo().IsDir() {
			continue
		}
		files++
		unpacked = plus(unpacked, f.UncompressedSize64)
	}
	return files, unpacked
}

// notAZip says what a file is that has no zip directory.
func notAZip(in io.ReaderAt, size int64, err error) error {
	head := make([]byte, headSize)
	n, _ := in.ReadAt(head, 0)
	head = head[:n]
	const cure = "create it again with zip"
	switch {
	case size == 0:
		return fmt.Errorf("the file is empty: %s", cure)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return fmt.Errorf("it begins as a zip, but its directory is missing or broken, as if the file were truncated (%w): %s", err, cure)
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return errors.New("it is a Git LFS pointer, not a zip: check out with lfs: true")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return fmt.Errorf("it is compressed by gzip, not a zip: %s", cure)
	}
	return fmt.Errorf("it is not a zip (%w): %s", err, cure)
}
