// Package artifact turns the input `code` into what UpdateFunctionCode takes.
//
// Parse reads the input and opens no file. Source.Inspect then reads the .zip or
// the folder, keeps only what it has learned, and refuses what Lambda would
// refuse; Package.Mismatch and Package.Doubts compare that with the function; and
// Package.Open gives the archive for the upload, which is read from disk. For an
// object in S3 and for an image only the name is passed on.
//
// A folder is zipped so that the same files and links give the same bytes, and
// therefore the same CodeSha256, on every machine and operating system: sorted by
// name, all times 1980-01-01, modes 0644 or 0755, and nothing else of the file
// system. Only another version of this program may compress differently. What
// .lambdaignore names is left out, and what often holds secrets. Folders
// themselves are not written, so empty ones disappear, unless a link leads there.
//
// The package knows files and Lambda's limits, and makes no calls.
package artifact

import (
	"context"
	"fmt"
	"io"
	"io/fs"
)

// Package is code that was inspected.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
type Package struct {
	// Source is where the code comes from: Bucket, Key and ObjectVersion of an
	// S3 object, ImageURI of an image. Path is where the file or folder was
	// found, which is not as given if that was a pattern, or a path of the host.
	Source

	// SHA256 is the CodeSha256 that Lambda will report: of an archive its
	// SHA-256 in base64, of an image by digest that digest in hex. "" if it
	// is not known: of an S3 object, and of an image by tag.
	SHA256 string

	Size     int64 // bytes of the archive
	Unpacked int64 // bytes of the files in it
	Files    int   // how many files are in it, links too

	// Architecture is x86_64 or arm64, as Lambda names them, read from
	// ArchitectureFile; "" if no file shows it, or files disagree.
	Architecture     string
	ArchitectureFile string

	// Warnings are about what is in it, whatever function it is for.
	Warnings []string

	bootstrap     program  // of the file `bootstrap`, if there is one
	windowsScript bool     // that file, with a carriage return in its first line
	contents      contents // of the archive; nil for S3 and an image
	leftOut       omitted  // of a folder

	foreignLibraries []foreignLibrary // of dependencies that have none for Linux
}

// Inspect reads the .zip, or zips the folder, without keeping the archive; for S3
// and an image there is nothing to read. getenv gives the place of the workspace: a
// path that does not exist here, but is in the workspace on the runner's host, is
// looked for in GITHUB_WORKSPACE. A relative path is relative to the working
// directory.
//
// What Lambda would refuse is an error: an archive that is broken, empty or too
// large, a folder that cannot be zipped faithfully. An archive over 50 MB is too large
// unless it can be staged in S3. It stops when ctx ends.
func (s Source) Inspect(ctx context.Context, getenv func(string) string, staged bool) (Package, error) {
	switch s.Kind {
	case S3:
		return Package{Source: s}, nil
	case Image:
		return Package{Source: s, SHA256: s.digest()}, nil
	}
	s, info, err := s.locate(workspaceOf(getenv))
	if err != nil {
		return Package{}, err
	}
	switch {
	case s.Kind == Folder && info.IsDir():
	case s.Kind == Folder:
		return Package{}, fmt.Errorf("open code %q: it is a file, not a folder; only a .zip or .jar is uploaded as it is, put other files into a folder", s.Given)
	case info.IsDir():
		return Package{}, fmt.Errorf("open code %q: it is a folder, although its name looks like a file; write %q to have it zipped", s.Given, s.Given+"/")
	case !info.Mode().IsRegular():
		return Package{}, fmt.Errorf("open code %q: it is %s, not a file", s.Given, kindOf(info.Mode()))
	}
	l := lambdaLimits
	if staged {
		l = stagedLimits
	}
	if s.Kind == Folder {
		return zipFolder(ctx, s, l, io.Discard)
	}
	return readZip(s, l)
}

// WithHash is the package with the hash that AWS has computed.
func (p Package) WithHash(sha256 string) Package {
	p.SHA256 = sha256
	return p
}

// Large reports whether Lambda takes the archive only from S3.
func (p Package) Large() bool { return p.Size > MaxUpload }

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
