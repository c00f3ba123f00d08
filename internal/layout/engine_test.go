package layout

import (
	"go/types"
	"testing"
)

// engine returns the program, which has all that the checks look for by name.
func engine(t *testing.T) *program {
	t.Helper()
	p := load(t)
	alias := p.internal("alias")
	if alias == nil {
		t.Fatal("there is no package alias")
	}
	for _, name := range []string{"Position", "State", "Editor"} {
		if alias.types.Scope().Lookup(name) == nil {
			t.Fatalf("package alias has no %s", name)
		}
	}
	awsapi := p.internal("awsapi").types
	for _, name := range writesAlias {
		client := awsapi.Scope().Lookup("Client").Type()
		if method, _, _ := types.LookupFieldOrMethod(client, true, awsapi, name); method == nil {
			t.Fatalf("awsapi.Client has no method %s", name)
		}
	}
	return p
}

// TestStructsOfReleaseChangeInTheirFile: who changes a job, a plan or a result is
// in the file that declares it.
func TestStructsOfReleaseChangeInTheirFile(t *testing.T) {
	t.Parallel()
	p := engine(t)
	p.report(t, p.mutations(p.internal("release")))
}

// TestReleaseKeepsNoAliasState: only the editor changes what it knows of an alias.
func TestReleaseKeepsNoAliasState(t *testing.T) {
	t.Parallel()
	p := engine(t)
	p.report(t, p.pointersToPosition(p.internal("release")))
}

// TestOnlyTheEditorWritesAliases: every write is a compare-and-swap, and is
// confirmed.
func TestOnlyTheEditorWritesAliases(t *testing.T) {
	t.Parallel()
	p := engine(t)
	p.report(t, p.writers())
}
