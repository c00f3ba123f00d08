package input

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// parseCodeSHA256 comes after the functions: it takes one bare hash for one
// function, or a line NAME=SHA256 for each that is guarded. Where there are no
// functions, because something is wrong with them, it looks at the hashes only.
func parseCodeSHA256(in *Input, value string) Problems {
	hashes := map[string]string{}
	var problems Problems
	add := func(line, what, allowed string) {
		problems = append(problems, Problem{Value: line, What: what, Allowed: allowed})
	}
	for _, line := range lines(value) {
		name, hash, named := splitHash(line)
		if wrong := checkHash(hash); wrong != "" {
			add(line, wrong, "")
			continue
		}
		switch {
		case len(in.Functions) == 0:
			continue
		case !named && len(in.Functions) > 1:
			add(line, fmt.Sprintf("one hash for %d functions", len(in.Functions)), "write NAME=SHA256 for each, one a line")
			continue
		case !named:
			name = in.Functions[0].Name
		}
		f, wrong := parseFunction(name)
		if wrong != "" {
			add(line, wrong, "write NAME=SHA256")
			continue
		}
		if !slices.ContainsFunc(in.Functions, func(g Function) bool { return g.Name == f.Name }) {
			add(line, fmt.Sprintf("function-name has no %s", quote(f.Name)), "name a function that is released")
			continue
		}
		if _, ok := hashes[f.Name]; ok {
			add(line, "a second hash for "+f.Name, "give one for each function")
			continue
		}
		hashes[f.Name] = hash
	}
	if len(problems) == 0 && len(hashes) > 0 {
		in.CodeSHA256 = hashes
	}
	return problems
}

// splitHash divides NAME=SHA256 at the first =: base64 ends in one, too. A line
// with none but that one is a bare hash.
func splitHash(line string) (name, hash string, named bool) {
	name, hash, ok := strings.Cut(line, "=")
	if !ok || strings.Trim(hash, "=") == "" {
		return "", line, false
	}
	return strings.TrimSpace(name), strings.TrimSpace(hash), true
}

func checkHash(hash string) string {
	sum, err := base64.StdEncoding.Strict().DecodeString(hash)
	if err == nil && len(sum) == sha256.Size {
		return ""
	}
	if sum, err := hex.DecodeString(hash); err == nil && len(sum) == sha256.Size {
		return "a SHA-256 in hexadecimal, not in base64"
	}
	return "not a SHA-256 in base64"
}
