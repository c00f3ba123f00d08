package alias

import "testing"

func TestOutside(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		at          Position
		description string
		want        string
	}{
		{"as its mark says", Position{Version: 12}, "[12 < 10 | run 4711]", ""},
		{"no mark", Position{Version: 12}, "orders in production", ""},
		{"no mark, weights", Position{Version: 12, Weights: map[Version]float64{13: 0.1}}, "", ""},
		{"moved", Position{Version: 7}, "[12 < 10 | run 4711]", "at 7, but its mark of run 4711 says 12"},
		{"moved, no run", Position{Version: Latest}, "[12 < 10]", "at $LATEST, but its mark says 12"},
		{"moved, on another server", Position{Version: 7}, "[12 | run 55 at git.example.com]", "at 7, but its mark of run 55 at git.example.com says 12"},
		{
			"weights", Position{Version: 12, Weights: map[Version]float64{13: 0.1}}, "[12 | run 4711]",
			"at 12 (90 %) and 13 (10 %), but its mark of run 4711 says 12 without weights",
		},
		{"AWS's own weights", Position{Version: 12, Weights: map[Version]float64{11: 1}}, "[12 < 11 | run 4711]", ""},
		{"a shift of ours", Position{Version: 12, Weights: map[Version]float64{13: 0.1}}, "[12 | shifting to 13 until 2026-11-23T10:20Z | run 4711]", ""},
		{
			"other weights than our shift's", Position{Version: 12, Weights: map[Version]float64{11: 0.1}}, "[12 | shifting to 13 until 2026-11-23T10:20Z | run 4711]",
			"at 12 (90 %) and 11 (10 %), but its mark of run 4711 says 12 without weights",
		},
		{"CodeDeploy has ended its shift", Position{Version: 13}, "[12 | codedeploy d-ABC to 13 | run 4711]", ""},
	} {
		text, history := ReadDescription(tt.description)
		if got := (State{Position: tt.at, Text: text, History: history}).Outside(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
