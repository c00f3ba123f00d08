package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Archive is the archive of a package, on disk.
type Archive struct {
	io.ReaderAt

	close func() error
}

// Close deletes the archive if that was made from a folder.
func (a *Archive) Close() error { return a.close() }

// Open gives the archive for an upload. A folder is zipped again, and it is an error if
// that is not what was inspected. A given archive is opened as it is: who sends it must
// compare it with SHA256.
func (p Package) Open(ctx context.Context, getenv func(string) string) (*Archive, error) {
	if p.Kind == Zip {
		file, err := os.Open(p.Path)
		if err != nil {
			return nil, fmt.Errorf("read code %q: %w", p.Given, err)
		}
		return &Archive{file, file.Close}, nil
	}
	s := NewSpool(getenv, p.Size)
	again, err := zipFolder(ctx, p.Source, stagedLimits, s)
	if err == nil && again.SHA256 != p.SHA256 {
		err = fmt.Errorf("code %q has changed since it was checked: nothing may write to it while this step runs", p.Given)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Archive{s, s.Close}, nil
}

// Spool keeps an archive that is written once and then read.
type Spool interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// NewSpool makes a file without a name where a file can be made, so that nothing is left
// behind even if this process is killed; without such a place it is in memory.
//
// An image from scratch has no /tmp. In a Docker action, RUNNER_TEMP is a path of the
// host, and HOME is mounted from there.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs
func NewSpool(getenv func(string) string, size int64) Spool {
	for _, dir := range []string{getenv("RUNNER_TEMP"), getenv("TMPDIR"), getenv("TEMP"), "/tmp", getenv("HOME")} {
		if dir == "" {
			continue
		}
		file, err := os.CreateTemp(dir, "lambda-release-*.zip")
		if err != nil {
			continue
		}
		// On Windows a file that is open cannot be removed.
		return fileSpool{file, os.Remove(file.Name()) != nil}
	}
	return &memorySpool{content: make([]byte, 0, size)}
}

type fileSpool struct {
	*os.File

	named bool
}

func (s fileSpool) Close() error {
	err := s.File.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.Name()))
	}
	return err
}

type memorySpool struct{ content []byte }

func (s *memorySpool) Write(p []byte) (int, error) {
	s.content = append(s.content, p...)
	return len(p), nil
}

func (s *memorySpool) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(s.content).ReadAt(p, off)
}

func (*memorySpool) Close() error { return nil }
