package artifact

import (
	"encoding/binary"
	"strings"
	"testing"
)

// elf is the beginning of a 64-bit little-endian ELF file.
func elf(machine uint16) string {
	head := make([]byte, headSize)
	copy(head, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(head[18:], machine)
	return string(head)
}

var (
	elfX86, elfArm64, elfRISCV = elf(62), elf(183), elf(243)

	machO = "\xcf\xfa\xed\xfe" + strings.Repeat("\x00", 60)
	pe    = "MZ" + strings.Repeat("\x00", 62)
)

func TestArchitecture(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		want  string
		from  string
	}{
		{"bootstrap", map[string]string{"bootstrap": elfArm64}, arm64, "bootstrap"},
		{"bootstrap goes first", map[string]string{"bootstrap": elfX86, "tool": elfArm64, "a/lib.so": elfArm64}, x86, "bootstrap"},
		{"program at the top", map[string]string{"main": elfX86, "lib/a.so": elfArm64}, x86, "main"},
		{"script and program", map[string]string{"bootstrap": "#!/bin/sh\n./main", "main": elfArm64}, arm64, "main"},
		{"programs disagree", map[string]string{"a": elfX86, "b": elfArm64}, "", ""},
		{"program below", map[string]string{"bin/tool": elfX86}, "", ""},
		{"libraries", map[string]string{"numpy/core/x.cpython-313.so": elfArm64, "lib/libz.so.1.3": elfArm64, "x.py": "pass"}, arm64, "lib/libz.so.1.3"},
		{"node", map[string]string{"node_modules/x/y.node": elfX86}, x86, "node_modules/x/y.node"},
		{"libraries disagree", map[string]string{"prebuilds/linux-arm64/x.node": elfArm64, "prebuilds/linux-x64/x.node": elfX86}, "", ""},
		{"no program", map[string]string{"index.js": "exports.handler = 1", "x.so": "no", "short": "\x7fELF"}, "", ""},
		{"another machine", map[string]string{"bootstrap": elfRISCV}, "", ""},
		{"big endian", map[string]string{"bootstrap": "\x7fELF\x02\x02" + elfX86[6:]}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := open(t, tree(t, tt.files))
			if folder.Architecture != tt.want || folder.ArchitectureFile != tt.from {
				t.Errorf("folder: %q from %q, want %q from %q", folder.Architecture, folder.ArchitectureFile, tt.want, tt.from)
			}
			archive := open(t, write(t, "x.zip", string(zipped(t, folder))))
			if archive.Architecture != tt.want || archive.ArchitectureFile != tt.from {
				t.Errorf("zip: %q from %q, want %q from %q", archive.Architecture, archive.ArchitectureFile, tt.want, tt.from)
			}
		})
	}
}

func TestMismatch(t *testing.T) {
	t.Parallel()
	zipOf := func(name, content string) Package { return open(t, tree(t, map[string]string{name: content})) }
	image := Package{Source: Source{Kind: Image, Given: ecr + "/orders:1"}}
	object := Package{Source: Source{Kind: S3, Given: "s3://bucket/key"}}
	script := zipOf("index.js", "1")
	tests := []struct {
		name          string
		p             Package
		architectures []string
		packageType   string
		want          []string // in the error; nil if there is none
		doubt         []string
	}{
		{"script", script, []string{arm64}, "Zip", nil, nil},
		{"script, unknown function", script, nil, "", nil, nil},
		{"object", object, []string{arm64}, "Zip", nil, nil},
		{"image", image, []string{arm64}, "Image", nil, nil},
		{"zip for image", script, []string{x86}, "Image", []string{"runs container images", "never changes the package type", "image in ECR"}, nil},
		{"object for image", object, []string{x86}, "Image", []string{`"s3://bucket/key" is a zip`}, nil},
		{"image for zip", image, []string{x86}, "Zip", []string{"is an image", "give code as a .zip"}, nil},
		{"image for unknown", image, nil, "", []string{"is an image"}, nil},
		{"right", zipOf("bootstrap", elfArm64), []string{arm64}, "Zip", nil, nil},
		{"right by default", zipOf("bootstrap", elfX86), nil, "", nil, nil},
		{"arm64 for x86_64", zipOf("bootstrap", elfArm64), []string{x86}, "Zip",
			[]string{`"bootstrap" is built for arm64`, "runs on x86_64", "exec format error", "GOARCH=amd64", "linux/amd64", "to arm64"}, nil},
		{"x86_64 for arm64", zipOf("bootstrap", elfX86), []string{arm64}, "Zip",
			[]string{`"bootstrap" is built for x86_64`, "runs on arm64", "GOARCH=arm64", "linux/arm64"}, nil},
		{"macOS", zipOf("bootstrap", machO), []string{arm64}, "Zip", []string{"macOS program", "Linux on arm64", "GOOS=linux"}, nil},
		{"Windows", zipOf("bootstrap", pe), []string{x86}, "Zip", []string{"Windows program"}, nil},
		{"other program", zipOf("tool", elfX86), []string{arm64}, "Zip", nil, []string{`"tool" is built for x86_64`, "will fail", "GOARCH=arm64"}},
		{"library", zipOf("a/x.so", elfArm64), nil, "Zip", nil, []string{`"a/x.so" is built for arm64`, "runs on x86_64"}},
		{"right library", zipOf("a/x.so", elfX86), nil, "Zip", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := Function{Architectures: tt.architectures, PackageType: tt.packageType}
			err := tt.p.Mismatch(f)
			if (err != nil) != (tt.want != nil) {
				t.Fatalf("Mismatch: %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Mismatch: %v; want %q in it", err, want)
				}
			}
			doubt := strings.Join(tt.p.Doubts(f), "\n")
			if err == nil && (doubt != "") != (tt.doubt != nil) {
				t.Fatalf("Doubt: %q", doubt)
			}
			for _, want := range tt.doubt {
				if !strings.Contains(doubt, want) {
					t.Errorf("Doubt: %q; want %q in it", doubt, want)
				}
			}
		})
	}
}
