package artifact

import (
	"errors"
	"fmt"
	"slices"
)

// Mismatch explains why this package cannot run as the function is configured,
// and what to do; nil if nothing is known against it. architectures and
// packageType are as GetFunctionConfiguration returns them: x86_64 or arm64, and
// Zip or Image; empty means x86_64 and Zip.
//
// It reports only certain failures: of the files in a package, only a
// `bootstrap` that cannot be started. Doubt reports the rest.
func (p Package) Mismatch(architectures []string, packageType string) error {
	const fixed = "Lambda never changes the package type of a function, so"
	switch isImage := p.Kind == Image; {
	case packageType == "Image" && !isImage:
		return fmt.Errorf("the function runs container images, but code %q is a zip: %s give code as the URI of an image in ECR, or create a new function for the zip", p.Given, fixed)
	case packageType != "Image" && isImage:
		return fmt.Errorf("the function runs zips, but code %q is an image: %s give code as a .zip, a folder or an s3:// address, or create a new function for the image", p.Given, fixed)
	}
	switch runs := runsOn(architectures); {
	case p.bootstrap.system != "" && p.bootstrap.system != linux:
		return fmt.Errorf("the file bootstrap is a %s program, but Lambda runs Linux on %s: it would fail with \"exec format error\"; build it for Linux (with Go: GOOS=linux)", p.bootstrap.system, runs[0])
	case p.bootstrap.architecture != "" && !slices.Contains(runs, p.bootstrap.architecture):
		return errors.New(p.foreign(runs[0]) + `: it would fail with "exec format error"; ` + cure(runs[0], p.Architecture))
	}
	return nil
}

// Doubt is a warning about an architecture that may be wrong, read from a
// library or a program other than `bootstrap`; "" if there is none. A function
// that never loads that file works.
func (p Package) Doubt(architectures []string) string {
	runs := runsOn(architectures)
	if p.Architecture == "" || p.ArchitectureFile == bootstrapName || slices.Contains(runs, p.Architecture) {
		return ""
	}
	return p.foreign(runs[0]) + ": loading or starting it will fail; " + cure(runs[0], p.Architecture)
}

func (p Package) foreign(runs string) string {
	return fmt.Sprintf("the file %q is built for %s, but the function runs on %s", p.ArchitectureFile, p.Architecture, runs)
}

// runsOn are the architectures of a function: x86_64 if none is configured.
func runsOn(architectures []string) []string {
	if len(architectures) == 0 {
		return []string{x86}
	}
	return architectures
}

// cure says how to get code for an architecture.
func cure(runs, has string) string {
	platform, goarch := "linux/amd64", "amd64"
	if runs == arm64 {
		platform, goarch = "linux/arm64", "arm64"
	}
	return fmt.Sprintf("build for %s (with Go GOARCH=%s, in Docker --platform %s), or change the architecture of the function to %s", runs, goarch, platform, has)
}
