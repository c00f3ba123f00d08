package artifact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mismatch explains why this package cannot run as the function is configured,
// and what to do; nil if nothing is known against it. It reports only certain
// failures. Doubts reports the rest.
func (p Package) Mismatch(f Function) error {
	const fixed = "Lambda never changes the package type of a function, so"
	switch isImage := p.Kind == Image; {
	case f.PackageType == "Image" && !isImage:
		return fmt.Errorf("the function runs container images, but code %q is a zip: %s give code as the URI of an image in ECR, or create a new function for the zip", p.Given, fixed)
	case f.PackageType != "Image" && isImage:
		return fmt.Errorf("the function runs zips, but code %q is an image: %s give code as a .zip, a folder or an s3:// address, or create a new function for the image", p.Given, fixed)
	}
	if e := p.start(f); e != nil && e.certain {
		return fmt.Errorf("code %q cannot run: %s", p.Given, e.text)
	}
	switch runs := runsOn(f.Architectures); {
	case !f.startsBootstrap():
	case p.bootstrap.system != "" && p.bootstrap.system != linux:
		return fmt.Errorf("the file bootstrap is a %s program, but Lambda runs Linux on %s: it would fail with \"exec format error\"; build it for Linux (with Go: GOOS=linux)", p.bootstrap.system, runs[0])
	case p.bootstrap.architecture != "" && !slices.Contains(runs, p.bootstrap.architecture):
		return errors.New(p.foreign(runs[0]) + `: it would fail with "exec format error"; ` + cure(runs[0], p.Architecture))
	}
	return nil
}

// startsBootstrap reports whether the runtime starts the file bootstrap of a
// package: a custom one does, that of .NET if it was compiled ahead of time, and one
// that is not known may.
func (f Function) startsBootstrap() bool {
	return f.Runtime == "" || strings.HasPrefix(f.Runtime, "provided") || strings.HasPrefix(f.Runtime, "dotnet")
}

// Doubts are warnings about what may keep the function from working: what is in the
// package by itself, a handler that only a layer may have, and a library or a
// program other than `bootstrap` for another architecture, which is fine in a
// function that never loads it.
func (p Package) Doubts(f Function) []string {
	doubts := slices.Clone(p.Warnings)
	if e := p.start(f); e != nil && !e.certain {
		doubts = append(doubts, e.text)
	}
	runs := runsOn(f.Architectures)
	if p.Architecture != "" && p.ArchitectureFile != bootstrapName && !slices.Contains(runs, p.Architecture) {
		doubts = append(doubts, p.foreign(runs[0])+": loading or starting it will fail; "+cure(runs[0], p.Architecture))
	}
	if len(p.foreignLibraries) > 0 {
		doubts = append(doubts, foreignDoubt(p.foreignLibraries, runs[0]))
	}
	return doubts
}

// foreignDoubt is the warning about libraries that were installed on another system.
func foreignDoubt(all []foreignLibrary, runs string) string {
	first := all[0]
	text := fmt.Sprintf("the file %q is a %s program, but Lambda runs Linux: loading it will fail", first.name, first.system)
	if more := len(all) - 1; more > 0 {
		text += fmt.Sprintf(", as it will for %d more", more)
	}
	text += "; install the dependencies on Linux"
	if _, inNode := packageOf(first.name); inNode {
		cpu := "x64"
		if runs == arm64 {
			cpu = arm64
		}
		text += fmt.Sprintf(", or with npm install --os=linux --cpu=%s", cpu)
	}
	return text
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
