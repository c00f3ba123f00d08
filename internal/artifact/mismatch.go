package artifact

import (
	"errors"
	"fmt"
	"slices"
)

// Mismatch explains why this package cannot run as the function is configured,
// and what to do; nil if nothing speaks against it. architectures and
// packageType are as GetFunctionConfiguration gives them: x86_64 or arm64, and
// Zip or Image, where nothing stands for x86_64 and for Zip.
//
// It errs on the side of nil: of what a package has in it only a `bootstrap`
// that cannot be started is certain to fail. Doubt has the rest.
func (p Package) Mismatch(architectures []string, packageType string) error {
	const fixed = "Lambda never changes the package type of a function, so"
	switch isImage := p.Kind == Image; {
	case packageType == "Image" && !isImage:
		return fmt.Errorf("the function runs container images, and code %q is a zip: %s give code as the URI of an image in ECR, or create a new function for the zip", p.Given, fixed)
	case packageType != "Image" && isImage:
		return fmt.Errorf("the function runs zips, and code %q is an image: %s give code as a .zip, a folder or an s3:// address, or create a new function for the image", p.Given, fixed)
	}
	switch runs := runsOn(architectures); {
	case p.bootstrap.system != "" && p.bootstrap.system != linux:
		return fmt.Errorf("the file bootstrap is a %s program, and Lambda runs Linux on %s: it would end in \"exec format error\"; build it for Linux, with Go by GOOS=linux", p.bootstrap.system, runs[0])
	case p.bootstrap.architecture != "" && !slices.Contains(runs, p.bootstrap.architecture):
		return errors.New(p.foreign(runs[0]) + `: it would end in "exec format error"; ` + cure(runs[0], p.Architecture))
	}
	return nil
}

// Doubt is a warning about an architecture that Mismatch is not certain of,
// read from a library or a program that is not the `bootstrap`; "" if there is
// none. A function may never load that file, and work.
func (p Package) Doubt(architectures []string) string {
	runs := runsOn(architectures)
	if p.Architecture == "" || p.ArchitectureFile == bootstrapName || slices.Contains(runs, p.Architecture) {
		return ""
	}
	return p.foreign(runs[0]) + ": what loads or starts it will fail; " + cure(runs[0], p.Architecture)
}

func (p Package) foreign(runs string) string {
	return fmt.Sprintf("the file %q is built for %s, and the function runs on %s", p.ArchitectureFile, p.Architecture, runs)
}

// runsOn are the architectures of a function: x86_64 if it does not say.
func runsOn(architectures []string) []string {
	if len(architectures) == 0 {
		return []string{x86}
	}
	return architectures
}

// cure is how to get code for an architecture.
func cure(runs, has string) string {
	platform, goarch := "linux/amd64", "amd64"
	if runs == arm64 {
		platform, goarch = "linux/arm64", "arm64"
	}
	return fmt.Sprintf("build for %s (with Go GOARCH=%s, in Docker --platform %s), or change the architecture of the function to %s", runs, goarch, platform, has)
}
