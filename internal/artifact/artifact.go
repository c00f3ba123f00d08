// Package artifact turns the input `code` into what UpdateFunctionCode takes.
//
// Parse reads the input and opens no file. Source.Open then reads the .zip, or
// zips the folder, and refuses what Lambda would refuse, before anything is
// sent. For an object in S3 and for an image only the name is passed on.
//
// A folder is zipped so that the same files give the same bytes, and therefore
// the same CodeSha256, on every machine and operating system: sorted by name,
// all times 1980-01-01, modes 0644 or 0755, and nothing else of the file system.
// Only another version of this program may compress differently. Every file
// below the folder is packed, hidden ones and .git too: nothing is left out by
// guessing, so `code` should name a folder with exactly the files to run.
// Folders themselves are not written, so empty ones disappear.
//
// The package knows files and Lambda's limits, and makes no calls.
package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
)

// Package is code, ready for UpdateFunctionCode.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
type Package struct {
	// Source is where the code comes from: Bucket, Key and ObjectVersion of an
	// S3 object, ImageURI of an image. Path is where the file or folder was
	// found, which is not as given if that was a path of the host.
	Source

	// ZipFile is the archive, at most 50 MB; nil for S3 and an image. It is
	// held once and freed with the Package, so a caller with many functions
	// should open each just before its upload.
	ZipFile []byte

	// SHA256 is the CodeSha256 that Lambda will report: of an archive its
	// SHA-256 in base64, of an image by digest that digest in hex. "" if it
	// is not known: of an S3 object, and of an image by tag.
	SHA256 string

	Size     int64 // bytes of ZipFile
	Unpacked int64 // bytes of the files in it
	Files    int   // how many files are in it

	// Architecture is x86_64 or arm64, as Lambda names them, read from
	// ArchitectureFile; "" if no file shows it, or files disagree.
	Architecture     string
	ArchitectureFile string

	bootstrap program // of the file `bootstrap`, if there is one
}

// Open reads the .zip or zips the folder; for S3 and an image there is nothing
// to read. getenv gives the place of the workspace: a path that does not exist
// here, but is in the workspace on the runner's host, is looked for in
// GITHUB_WORKSPACE. A relative path is relative to the working directory.
//
// What Lambda would refuse is an error: an archive that is broken, empty or too
// large, a folder that cannot be zipped faithfully. Zipping stops when
// ctx ends.
func (s Source) Open(ctx context.Context, getenv func(string) string) (Package, error) {
	switch s.Kind {
	case S3:
		return Package{Source: s}, nil
	case Image:
		return Package{Source: s, SHA256: s.digest()}, nil
	}
	path, info, err := s.locate(workspaceOf(getenv))
	if err != nil {
		return Package{}, err
	}
	s.Path = path
	switch {
	case s.Kind == Folder && info.IsDir():
		return zipFolder(ctx, s, lambdaLimits)
	case s.Kind == Folder:
		return Package{}, fmt.Errorf("open code %q: it is a file, not a folder; only a .zip or .jar is uploaded as it is, put other files into a folder", s.Given)
	case info.IsDir():
		return Package{}, fmt.Errorf("open code %q: it is a folder, although its name looks like a file; write %q to have it zipped", s.Given, s.Given+"/")
	case !info.Mode().IsRegular():
		return Package{}, fmt.Errorf("open code %q: it is %s, not a file", s.Given, kindOf(info.Mode()))
	}
	return readZip(s, lambdaLimits)
}

// locate finds the file or folder.
func (s Source) locate(ws workspace) (string, fs.FileInfo, error) {
	info, err := os.Stat(s.Path)
	if err == nil {
		return s.Path, info, nil
	}
	mapped, ok := ws.inside(s.Path)
	if ok {
		if info, err := os.Stat(mapped); err == nil {
			return mapped, info, nil
		}
	}
	err = fmt.Errorf("open code %q: %w", s.Given, err)
	switch {
	case ok:
		err = fmt.Errorf("%w; %q, the same place in a container, does not exist either", err, mapped)
	case isAbsolute(s.Path) && ws.dir != "" && !ws.has(s.Path):
		err = fmt.Errorf("%w; an action that runs in a container sees only the workspace, %q here: put the code there and write its path relative to it", err, ws.dir)
	case !isAbsolute(s.Path):
		if dir, wdErr := os.Getwd(); wdErr == nil {
			err = fmt.Errorf("%w in %q; build or download it in an earlier step of this job", err, dir)
		}
	}
	return "", nil, err
}

// Describe is a line for the log: source, size and architecture.
func (p Package) Describe() string {
	var text string
	switch p.Kind {
	case S3:
		text = "s3://" + p.Bucket + "/" + p.Key
		if p.ObjectVersion != "" {
			text += ", version " + p.ObjectVersion
		}
		return text
	case Image:
		return "image " + p.ImageURI
	case Folder:
		text = "folder " + p.Given
	default:
		text = p.Given
	}
	if p.Path != p.Given {
		text += " (at " + p.Path + ")"
	}
	text += fmt.Sprintf(": %s, %s zipped, %s unpacked", count(p.Files, "file"), megabytes(p.Size), megabytes(p.Unpacked))
	if p.Architecture != "" {
		text += ", for " + p.Architecture
	}
	return text
}

// hashOf is the CodeSha256 of an archive.
func hashOf(archive []byte) string {
	sum := sha256.Sum256(archive)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// kindOf names a mode that is neither a file nor a folder.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something special"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
