package layout

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestPrivateRelease: in a private repository the release workflow writes nothing to
// the public log of Sigstore, and attests nothing unless it is asked to.
func TestPrivateRelease(t *testing.T) {
	t.Parallel()
	var w struct {
		Jobs map[string]struct {
			Steps []struct{ Uses, Run, If string }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/workflows/release.yml")), &w); err != nil {
		t.Fatal(err)
	}
	found := 0
	for name, job := range w.Jobs {
		for _, step := range job.Steps {
			want := ""
			switch {
			case strings.HasPrefix(step.Uses, "sigstore/"), strings.Contains(step.Run, "cosign "):
				want = "${{ !github.event.repository.private }}"
			case strings.HasPrefix(step.Uses, "actions/attest"):
				want = "${{ !github.event.repository.private || vars.ATTEST == 'true' }}"
			default:
				continue
			}
			found++
			if step.If != want {
				t.Errorf("job %s: the step %s%s runs if %q, want %q", name, step.Uses, step.Run, step.If, want)
			}
		}
	}
	if found == 0 {
		t.Error("the release workflow signs nothing")
	}
}
