package alias

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// Run is a run of a CI system. The zero Run is none: a job outside CI.
type Run struct {
	ID uint64 // grows with time within its scope
	// Scope is the server, or the system and project, whose runs are ordered;
	// see Scope. "" is github.com.
	Scope string
}

// Known reports whether there is such a run.
func (r Run) Known() bool { return r.ID != 0 }

// Comparable reports whether it is known which of two runs began first: both are
// known, and of one scope.
func (r Run) Comparable(o Run) bool { return r.Known() && o.Known() && r.Scope == o.Scope }

// NewerThan reports whether r is known to have begun after o.
func (r Run) NewerThan(o Run) bool { return r.Comparable(o) && r.ID > o.ID }

// String is the run for people, and in a history without the word: `run 55`,
// `run 55 at git.example.com`.
func (r Run) String() string { return "run " + r.number() }

func (r Run) number() string { return r.numberIn("") }

// numberIn is number beside a run of this scope at the end of a history, whose scope
// holds for the others, too, unless they have their own: scopes are long.
func (r Run) numberIn(scope string) string {
	at := ""
	if r.Known() && r.Scope != scope {
		at = " at " + cmp.Or(r.Scope, home)
	}
	return strconv.FormatUint(r.ID, 10) + at
}

// parseRun reads what numberIn writes.
func parseRun(s, scope string) (Run, error) {
	id, at, apart := strings.Cut(s, " at ")
	n, err := strconv.ParseUint(id, 10, 64)
	switch {
	case n == 0 || apart && at == home:
		scope = ""
	case apart:
		scope = at
	}
	return Run{ID: n, Scope: scope}, err
}

const (
	home      = "github.com" // needs no words
	maxScope  = 60           // characters, for the sake of the history beside it
	scopeHash = 12           // hex digits
)

// scopePattern is what cannot be taken for another part of a history.
var scopePattern = regexp.MustCompile(`^[A-Za-z0-9._~:/-]+$`)

// Scope is the scope of a server, or of a system and project, as a history has
// it: the address without https://, "" for github.com. What is longer than 60
// characters, or has others than an address has, is the first 12 hex digits of
// its SHA-256.
func Scope(address string) string {
	scope := strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/")
	switch {
	case scope == home:
		return ""
	case scope == "", len(scope) <= maxScope && scopePattern.MatchString(scope):
		return scope
	}
	sum := sha256.Sum256([]byte(scope))
	return hex.EncodeToString(sum[:])[:scopeHash]
}
