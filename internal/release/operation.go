package release

import (
	"fmt"
	"slices"
	"strings"
)

// Operation is what a run does. The zero Operation is none.
type Operation uint8

// The operations.
const (
	Release Operation = iota + 1
	Promote
	Rollback
	Prune
	DeleteAlias
	Lock
	Unlock
	ReadStatus
)

// operations has everything about an operation that is not its code.
var operations = [...]struct {
	name  string             // as in the input
	done  string             // past participle, for headlines
	phase string             // title of the log group that begins it
	verb  func(Request) verb // what carries it out; nil for status, which only reads
}{
	Release:     {"release", "released", "Publish", newRelease},
	Promote:     {"promote", "promoted", "Read aliases and versions", newPromotion},
	Rollback:    {"rollback", "rolled back", "Read aliases and versions", newRollback},
	Prune:       {"prune", "pruned", "Prune", newPrune},
	DeleteAlias: {"delete-alias", "deleted", "Delete the alias", newDeletion},
	Lock:        {"lock", "locked", "Lock the alias", newLocking},
	Unlock:      {"unlock", "unlocked", "Unlock the alias", newUnlocking},
	ReadStatus:  {"status", "read", "Read", nil},
}

// Operations are the names of all operations.
func Operations() []string {
	var names []string
	for _, o := range operations[1:] {
		names = append(names, o.name)
	}
	return names
}

// withGlobs are the operations that treat each function by itself, so that functions
// may be given as globs.
var withGlobs = []Operation{Prune, Lock, Unlock, ReadStatus}

// OperationsWithGlobs are the names of the operations that take globs for functions.
func OperationsWithGlobs() []string {
	var names []string
	for _, o := range withGlobs {
		names = append(names, o.String())
	}
	return names
}

// ParseOperation reads an operation's name.
func ParseOperation(name string) (Operation, error) {
	if i := slices.Index(Operations(), name); i >= 0 {
		return Operation(i + 1), nil //nolint:gosec // there are few
	}
	return 0, fmt.Errorf("%q is not an operation: allowed are %s", name, strings.Join(Operations(), ", "))
}

// String is the operation's name.
func (o Operation) String() string { return operations[o].name }

// Done is the operation's past participle: released, rolled back.
func (o Operation) Done() string { return operations[o].done }
