package artifact

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// readZip reads an archive that is sent as it is. Its directory, at the end of
// the file, shows whether it is a zip and how large its files are; only then is
// the file read, once, and nothing in it is unpacked.
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
	var seen scan
	seen.archive(directory)
	seen.into(&p)

	p.ZipFile = make([]byte, p.Size)
	if _, err := io.ReadFull(io.NewSectionReader(in, 0, p.Size), p.ZipFile); err != nil {
		return Package{}, err
	}
	p.SHA256 = hashOf(p.ZipFile)
	return p, nil
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
