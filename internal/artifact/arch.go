package artifact

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strings"
)

// headSize is how many bytes of a file are read to recognize it.
const headSize = 64

// The operating systems of programs.
const (
	linux   = "Linux"
	macOS   = "macOS"
	windows = "Windows"
)

// The architectures, as Lambda names them.
const (
	x86   = "x86_64"
	arm64 = "arm64"
)

// program is what a file can run on.
type program struct {
	system       string // "" if it is not a program
	architecture string // "" if Lambda does not have it
}

// programOf reads the beginning of an ELF, Mach-O or Windows program.
// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
func programOf(head []byte) program {
	const (
		elfMachine = 18 // the offset of e_machine
		elfX86     = 62
		elfArm64   = 183
		class64    = 2
		little     = 1
	)
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")) && len(head) >= elfMachine+2:
		p := program{system: linux}
		if head[4] == class64 && head[5] == little {
			switch binary.LittleEndian.Uint16(head[elfMachine:]) {
			case elfX86:
				p.architecture = x86
			case elfArm64:
				p.architecture = arm64
			}
		}
		return p
	case bytes.HasPrefix(head, []byte("\xcf\xfa\xed\xfe")), bytes.HasPrefix(head, []byte("\xca\xfe\xba\xbe")):
		return program{system: macOS}
	case bytes.HasPrefix(head, []byte("MZ")):
		return program{system: windows}
	}
	return program{}
}

// isLibrary reports whether a file, by its name, is loaded by a runtime rather
// than run.
func isLibrary(name string) bool {
	base := path.Base(name)
	switch path.Ext(base) {
	case ".so", ".node", ".pyd", ".dylib":
		return true
	case ".dll":
		_, inNode := packageOf(name)
		return inNode // else it is most often code for .NET, which runs anywhere
	}
	return strings.Contains(base, ".so.")
}

// packageOf is the dependency that a file belongs to, and whether it is one of
// Node.js. Packages for one system each count as one: x-darwin-arm64, x-linux-x64.
func packageOf(name string) (dependency string, inNode bool) {
	const modules = "/node_modules/"
	name = "/" + name
	i := strings.LastIndex(name, modules)
	if i < 0 {
		top, _, below := strings.Cut(name[1:], "/")
		if !below {
			return "", false
		}
		return top, false
	}
	steps := strings.SplitN(name[i+len(modules):], "/", 3)
	dependency = steps[0]
	if strings.HasPrefix(dependency, "@") && len(steps) > 1 {
		dependency += "/" + steps[1]
	}
	for _, system := range []string{"-darwin", "-win32", "-linux"} {
		dependency, _, _ = strings.Cut(dependency, system)
	}
	return dependency, true
}

// bootstrapName is the program that the runtimes provided.al2 and
// provided.al2023 start.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
const bootstrapName = "bootstrap"

// scan collects what systems the files of a package are built for.
type scan struct {
	bootstrapFile string // where the name bootstrap leads, which may be a link
	bootstrap     program
	windowsScript bool  // bootstrap, with a carriage return in its first line
	executables   guess // in the top folder
	libraries     guess // anywhere

	foreign []foreignLibrary
	native  map[string]bool // dependencies with a library for Linux
}

// foreignLibrary is one that Lambda cannot load.
type foreignLibrary struct{ name, system string }

func newScan(c contents) *scan {
	return &scan{bootstrapFile: c.find(bootstrapName).name, native: map[string]bool{}}
}

// guess is an architecture that all files seen so far agree on.
type guess struct {
	architecture, file string
	conflict           bool
}

func (g *guess) add(name, architecture string) {
	if g.file == "" {
		g.architecture, g.file = architecture, name
	}
	g.conflict = g.conflict || g.architecture != architecture
}

// add records a file by its first bytes.
func (s *scan) add(name string, head []byte) {
	p := programOf(head)
	library := isLibrary(name)
	if dependency, _ := packageOf(name); library && p.system == linux {
		s.native[dependency] = true
	}
	switch {
	case name == s.bootstrapFile:
		s.bootstrap = p
		line, _, _ := bytes.Cut(head, []byte("\n"))
		s.windowsScript = bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
	case library && (p.system == macOS || p.system == windows):
		s.foreign = append(s.foreign, foreignLibrary{name, p.system})
	case p.architecture == "":
	case library:
		s.libraries.add(name, p.architecture)
	case !strings.Contains(name, "/"):
		s.executables.add(name, p.architecture)
	}
}

// archive records the files of an archive. It unpacks only the beginning of
// those that may be programs or libraries, and skips what cannot be unpacked.
func (s *scan) archive(directory *zip.Reader) {
	for _, f := range directory.File {
		name := nameOf(f)
		if f.FileInfo().IsDir() || strings.Contains(name, "/") && name != s.bootstrapFile && !isLibrary(name) {
			continue
		}
		s.add(name, headOf(f))
	}
}

func headOf(f *zip.File) []byte {
	in, err := f.Open()
	if err != nil {
		return nil
	}
	defer in.Close() //nolint:errcheck // it was only read
	head := make([]byte, headSize)
	n, _ := io.ReadFull(in, head)
	return head[:n]
}

// into sets the architecture of p: that of bootstrap, else of the programs
// beside it, else of the libraries; none if they disagree.
func (s *scan) into(p *Package) {
	p.bootstrap, p.windowsScript = s.bootstrap, s.windowsScript
	for _, library := range s.foreign {
		if dependency, _ := packageOf(library.name); !s.native[dependency] {
			p.foreignLibraries = append(p.foreignLibraries, library)
		}
	}
	switch {
	case s.bootstrap.architecture != "":
		p.Architecture, p.ArchitectureFile = s.bootstrap.architecture, bootstrapName
	case s.executables.file != "":
		s.executables.into(p)
	default:
		s.libraries.into(p)
	}
}

func (g *guess) into(p *Package) {
	if !g.conflict {
		p.Architecture, p.ArchitectureFile = g.architecture, g.file
	}
}
