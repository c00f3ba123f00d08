package input

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

// parseCodeSHA256 needs the functions, which are parsed before: it takes one bare
// hash for one function, or a line NAME=SHA256 for each that is guarded. Without
// functions, because function-name was refused, it checks only the hashes.
func parseCodeSHA256(in *Input, value string) Problems {
	hashes := map[string]string{}
	var problems Problems
	add := func(line, what, allowed string) {
		problems = append(problems, Problem{Value: line, What: what, Allowed: allowed})
	}
	for _, line := range lines.All(value) {
		name, hash, named := splitHash(line)
		if wrong := checkHash(hash); wrong != "" {
			add(line, wrong, "")
			continue
		}
		switch {
		case len(in.Functions) == 0:
			continue
		case !named && len(in.Functions) > 1:
			add(line, fmt.Sprintf("one hash for %d functions", len(in.Functions)), "write NAME=SHA256 for each, one per line")
			continue
		case !named:
			name = in.Functions[0].Name
		}
		f, err := function.Parse(name)
		if err != nil {
			add(line, err.Error(), "write NAME=SHA256")
			continue
		}
		if !slices.ContainsFunc(in.Functions, func(g function.ID) bool { return g.Name == f.Name }) {
			add(line, fmt.Sprintf("this job has no function %s", lines.Quote(f.Name)), "name a function of this job")
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

// splitHash splits NAME=SHA256 at the first =. Base64 ends in one, too: a line
// with only that is a bare hash.
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
