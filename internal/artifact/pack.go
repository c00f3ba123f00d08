package artifact

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"slices"
)

const (
	// level is the compression: 6 is that of zip(1), and a higher one costs much
	// time for little. It determines the hash, so it must not change.
	level = 6

	// dosEpoch is 1980-01-01, the first day that an archive can store, in the
	// format of DOS: year - 1980, month and day. The time, midnight, is 0.
	dosEpoch = 0<<9 | 1<<5 | 1
)

// zipFolder zips a folder to out, at most as much as may be uploaded.
func zipFolder(ctx context.Context, s Source, l limits, out io.Writer) (Package, error) {
	p, err := packFolder(ctx, s, l, out)
	if err != nil {
		return Package{}, fmt.Errorf("zip folder %q: %w", s.Given, err)
	}
	return p, nil
}

func packFolder(ctx context.Context, s Source, l limits, out io.Writer) (p Package, err error) {
	f, err := openFolder(ctx, s.Path, l)
	if err != nil {
		return Package{}, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if len(f.files) == 0 {
		return Package{}, f.empty()
	}
	a := &archive{hash: sha256.New(), out: out, folder: f}
	seen := newScan(f.contents)
	w := newPacker(a)
	for _, file := range f.files {
		if err := w.add(f, file, seen); err != nil {
			return Package{}, err
		}
	}
	if err := w.zip.Close(); err != nil {
		return Package{}, err
	}
	p = Package{
		Source:   s,
		SHA256:   a.sum(),
		Size:     a.size,
		Unpacked: f.unpacked,
		Files:    len(f.files),
		contents: f.contents,
		leftOut:  f.leftOut,
	}
	if len(f.secrets) > 0 {
		p.Warnings = []string{leftOut(f.secrets)}
	}
	seen.into(&p)
	return p, nil
}

// empty says why there is no file to pack.
func (f *folder) empty() error {
	delete(f.leftOut, ignoreName)
	if len(f.leftOut) == 0 {
		return errors.New("it contains no file: build or download the code before this step")
	}
	return fmt.Errorf("all of it is left out by %s, or as secrets: %s", ignoreName, listed(slices.Sorted(maps.Keys(f.leftOut))))
}

// packer writes files into an archive, one after the other, with one compressor
// and one buffer.
type packer struct {
	zip    *zip.Writer
	buffer *bufio.Reader
}

func newPacker(out io.Writer) *packer {
	w := &packer{zip: zip.NewWriter(out), buffer: bufio.NewReaderSize(nil, 64<<10)}
	var deflate *flate.Writer
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		if deflate == nil {
			var err error
			deflate, err = flate.NewWriter(out, level)
			return deflate, err
		}
		deflate.Reset(out)
		return deflate, nil
	})
	return w
}

func (w *packer) add(f *folder, file file, seen *scan) (err error) {
	if file.link != "" || file.folder {
		return w.addWithoutFile(file)
	}
	in, err := file.root.Open(file.from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	w.buffer.Reset(contextReader{f.ctx, io.LimitReader(in, file.size+1)})
	head, err := w.buffer.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	seen.add(file.name, head)

	h := headerOf(file, head)
	f.contents.add(file.name, entry{mode: h.Mode()})
	out, err := w.zip.CreateHeader(h)
	if err != nil {
		return err
	}
	n, err := w.buffer.WriteTo(out)
	if err != nil {
		return err
	}
	if n != file.size {
		return fmt.Errorf("%q had %d bytes and changed while it was read: nothing may write into the folder meanwhile", file.name, file.size)
	}
	return nil
}

// addWithoutFile adds a link, stored as zip(1) stores one, or an empty folder.
func (w *packer) addWithoutFile(file file) error {
	h := headerOf(file, nil)
	h.Method = zip.Store
	h.SetMode(fs.ModeSymlink | 0o777)
	if file.folder {
		h.SetMode(fs.ModeDir | 0o755)
	}
	h.CRC32 = crc32.ChecksumIEEE([]byte(file.link))
	h.CompressedSize64, h.UncompressedSize64 = uint64(len(file.link)), uint64(len(file.link))
	out, err := w.zip.CreateRaw(h)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, file.link)
	return err
}

// headerOf has only the name and the mode of the file. Programs and scripts get
// the mode 0755 even if their executable bit is lost, as it is on Windows and in
// an artifact of a workflow.
// https://github.com/actions/upload-artifact#permission-loss
func headerOf(file file, head []byte) *zip.FileHeader {
	h := &zip.FileHeader{Name: file.name, Method: zip.Deflate}
	h.SetMode(0o644)
	if file.executable || programOf(head).system == linux || bytes.HasPrefix(head, []byte("#!")) {
		h.SetMode(0o755)
	}
	h.ModifiedDate = dosEpoch //nolint:staticcheck // Modified would add an extra field to every file.
	return h
}

// archive counts and hashes the zip being written, up to its limit.
type archive struct {
	hash   hash.Hash
	out    io.Writer
	size   int64
	folder *folder
}

func (a *archive) Write(p []byte) (int, error) {
	if l := a.folder.limits; a.size+int64(len(p)) > l.zipped {
		return 0, fmt.Errorf("%s (%s) are more than %s (%d bytes) zipped, which is the most for an upload: %s",
			count(len(a.folder.files), "file"), megabytes(a.folder.unpacked), megabytes(l.zipped), l.zipped, useS3)
	}
	a.size += int64(len(p))
	a.hash.Write(p) // never fails
	return a.out.Write(p)
}

// sum is the CodeSha256 of what was written.
func (a *archive) sum() string { return base64.StdEncoding.EncodeToString(a.hash.Sum(nil)) }

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	in  io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(p)
}
