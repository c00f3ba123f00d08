package alias

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadDescription(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 23, 10, 20, 0, 0, time.UTC)
	tests := []struct {
		name, description, text string
		history                 History
	}{
		{"empty", "", "", History{}},
		{"text only", "orders in production", "orders in production", History{}},
		{"history only", "[12 < 10 < 7 | run 4711]", "", History{Versions: []Version{12, 10, 7}, Run: Run{ID: 4711}}},
		{"text and history", "orders [beta] [1]", "orders [beta]", History{Versions: []Version{1}}},
		{
			"rolled back", "x [10 < 7 | left 12 | run 4720]", "x",
			History{Versions: []Version{10, 7}, Left: 12, LeftBy: Run{ID: 4720}, Run: Run{ID: 4720}},
		},
		{
			"left by an earlier run", "[11 < 10 | left 12 by 4720 | run 4731]", "",
			History{Versions: []Version{11, 10}, Left: 12, LeftBy: Run{ID: 4720}, Run: Run{ID: 4731}},
		},
		{
			"shifting", "[10 | shifting to 13 until 2026-11-23T10:20Z | run 4730]", "",
			History{Versions: []Version{10}, ShiftTo: 13, Until: until, Run: Run{ID: 4730}},
		},
		{"$LATEST in the history", "[$LATEST < 12 | run 5]", "", History{Versions: []Version{Latest, 12}, Run: Run{ID: 5}}},
		{"a run of another server", "[12 | run 55 at git.example.com]", "", History{Versions: []Version{12}, Run: Run{ID: 55, Scope: "git.example.com"}}},
		{
			"left by a run of another server", "[11 < 10 | left 12 by 55 at git.example.com | run 4731]", "",
			History{Versions: []Version{11, 10}, Left: 12, LeftBy: Run{ID: 55, Scope: "git.example.com"}, Run: Run{ID: 4731}},
		},
		{
			"locked by a run that has not moved it", "x [12 < 10 | run 4711 | locked until 2026-11-23T10:20Z: incident 7 | run 4740]", "x",
			History{Versions: []Version{12, 10}, Lock: Lock{Locked, "incident 7", until, Run{ID: 4740}}, Run: Run{ID: 4711}},
		},
		{
			"locked until it is unlocked", "[10 | left 12 | locked: see git.example.com: 7 | run 4740]", "",
			History{Versions: []Version{10}, Left: 12, LeftBy: Run{ID: 4740}, Lock: Lock{Locked, "see git.example.com: 7", time.Time{}, Run{ID: 4740}}, Run: Run{ID: 4740}},
		},
		{
			"locked from another server", "[10 | run 4711 at github.com | locked until 2026-11-23T10:20Z | run 55 at git.example.com:8443]", "",
			History{Versions: []Version{10}, Lock: Lock{Locked, "", until, Run{55, "git.example.com:8443"}}, Run: Run{ID: 4711}},
		},
		{
			"three runs of one server", "[11 < 10 | left 12 by 1 | run 2 | locked | run 3 at gitlab.example.com/shop]", "",
			History{
				Versions: []Version{11, 10}, Left: 12, LeftBy: Run{1, "gitlab.example.com/shop"}, Run: Run{2, "gitlab.example.com/shop"},
				Lock: Lock{State: Locked, By: Run{3, "gitlab.example.com/shop"}},
			},
		},
		{"a server named twice", "[10 | run 2 at a.b | locked | run 3 at a.b]", "[10 | run 2 at a.b | locked | run 3 at a.b]", History{}},
		{"locked without a run", "[10 | run 4711 | locked: why]", "", History{Versions: []Version{10}, Lock: Lock{State: Locked, Reason: "why"}, Run: Run{ID: 4711}}},
		{"locked, and no run at all", "[10 | locked]", "", History{Versions: []Version{10}, Lock: Lock{State: Locked}}},
		{"unlocked", "[10 | run 4711 | unlocked | run 4741]", "", History{Versions: []Version{10}, Lock: Lock{State: Unlocked, By: Run{ID: 4741}}, Run: Run{ID: 4711}}},
		{"unlocked for a reason", "[10 | unlocked: why]", "[10 | unlocked: why]", History{}},
		{"locked for no reason", "[10 | locked: ]", "[10 | locked: ]", History{}},
		{"locked until noon", "[10 | locked until noon: why]", "[10 | locked until noon: why]", History{}},
		{"locked twice", "[10 | locked | locked]", "[10 | locked | locked]", History{}},
		{"locked by no run", "[10 | run 1 | locked]", "", History{Versions: []Version{10}, Lock: Lock{State: Locked}, Run: Run{ID: 1}}},
		{"locked, and moved by no run", "[10 | run 0 | locked | run 2]", "", History{Versions: []Version{10}, Lock: Lock{State: Locked, By: Run{ID: 2}}}},
		{"the same run twice", "[10 | run 1 | locked | run 1]", "[10 | run 1 | locked | run 1]", History{}},
		{"two runs without a lock", "[10 | run 1 | run 2]", "[10 | run 1 | run 2]", History{}},
		{"three runs", "[10 | run 1 | run 2 | locked | run 3]", "[10 | run 1 | run 2 | locked | run 3]", History{}},
		{"a run of nowhere", "[12 | run 55 at ]", "[12 | run 55 at ]", History{}},
		{"a deployment", "[10 < 7 | codedeploy d-ABC123 to 13 | run 4731]", "", History{Versions: []Version{10, 7}, ShiftTo: 13, Deployment: "d-ABC123", Run: Run{ID: 4731}}},
		{"a deployment to nothing", "[10 | codedeploy d-ABC123]", "[10 | codedeploy d-ABC123]", History{}},
		{"not closed", "[12 < 10", "[12 < 10", History{}},
		{"text behind", "[12 < 10] x", "[12 < 10] x", History{}},
		{"glued to the text", "x[12 < 10]", "x[12 < 10]", History{}},
		{"a word", "release [stable]", "release [stable]", History{}},
		{"version 0", "[0]", "[0]", History{}},
		{"leading zero", "[012]", "[012]", History{}},
		{"twice the run", "[12 | run 1 | run 2]", "[12 | run 1 | run 2]", History{}},
		{"wrong order", "[12 | run 1 | left 13]", "[12 | run 1 | left 13]", History{}},
		{"unknown field", "[12 | note hi]", "[12 | note hi]", History{}},
		{"broken time", "[12 | shifting to 13 until noon]", "[12 | shifting to 13 until noon]", History{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text, history := ReadDescription(tt.description)
			if diff := cmp.Diff(tt.history, history); diff != "" || text != tt.text {
				t.Errorf("text %q, want %q; history (-want +got):\n%s", text, tt.text, diff)
			}
			if history.Head() != None && Describe(text, history) != tt.description {
				t.Errorf("printed again: %q, want %q", Describe(text, history), tt.description)
			}
		})
	}
}

func TestMarkMoves(t *testing.T) {
	t.Parallel()
	var m History
	for _, step := range []struct {
		to   Version
		run  uint64
		want string
	}{
		{7, 100, "[7 | run 100]"},
		{10, 110, "[10 < 7 | run 110]"},
		{10, 115, "[10 < 7 | run 115]"},
		{12, 120, "[12 < 10 < 7 | run 120]"},
	} {
		if m = m.Moved(step.to, Run{ID: step.run}); m.String() != step.want {
			t.Fatalf("after %d: %s, want %s", step.to, m, step.want)
		}
	}

	if got, want := m.At(9).String(), "[9 < 12 < 10 < 7 | run 120]"; got != want {
		t.Errorf("moved to 9 outside lambda-release: %s, want %s", got, want)
	}
	left := History{Versions: []Version{10, 7}, Left: 12, LeftBy: Run{ID: 130}, Run: Run{ID: 130}}
	if got, want := left.Moved(11, Run{ID: 140}).String(), "[11 < 10 < 7 | left 12 by 130 | run 140]"; got != want {
		t.Errorf("an older version than the one left: %s, want %s", got, want)
	}
	if got, want := left.Moved(13, Run{ID: 140}).String(), "[13 < 10 < 7 | run 140]"; got != want {
		t.Errorf("a newer version than the one left: %s, want %s", got, want)
	}
	long := History{}
	for v := range Version(20) {
		long = long.Moved(v+1, Run{ID: 1})
	}
	if len(long.Versions) != maxHistory || long.Head() != 20 {
		t.Errorf("20 moves: %s", long)
	}
}

func TestDescribeStaysWithinTheLimit(t *testing.T) {
	t.Parallel()
	m := History{
		Left: 1234567, LeftBy: Run{ID: 1}, Run: Run{ID: 19876543210}, ShiftTo: 1234569,
		Until: time.Date(2026, 11, 23, 10, 20, 0, 0, time.UTC),
	}
	for v := range Version(10) {
		m.Versions = append(m.Versions, 1234568-v)
	}
	for _, text := range []string{"", "short", strings.Repeat("x", 160), strings.Repeat("ü", 160), strings.Repeat("x", 256), strings.Repeat("😀", 128)} {
		got := Describe(text, m)
		if units(got) > MaxDescription {
			t.Errorf("%d units: %q", units(got), got)
		}
		gotText, gotHistory := ReadDescription(got)
		if units(text) <= 100 && gotText != text {
			t.Errorf("text %q was cut to %q", text, gotText)
		}
		if len(gotHistory.Versions) < 2 || gotHistory.Run != m.Run || gotHistory.ShiftTo != m.ShiftTo || gotHistory.Left != m.Left {
			t.Errorf("lost more than old history: %s", gotHistory)
		}
	}
	plain := History{Versions: []Version{1234568, 1234567}, Left: 1234569, LeftBy: Run{ID: 19876543210}, Run: Run{ID: 19876543210}}
	text := strings.Repeat("x", 160)
	if got, _ := ReadDescription(Describe(text, plain)); got != text {
		t.Errorf("a text of %d characters was cut to %d", 160, len(got))
	}
}

// Three runs of a project with a long name leave room for a lock and for a text.
func TestLongScopeHasRoom(t *testing.T) {
	t.Parallel()
	run := func(id uint64) Run {
		return Run{id, Scope("gitlab.example.com/" + strings.Repeat("x", maxScope-len("gitlab.example.com/")))}
	}
	h := History{
		Versions: []Version{12, 10}, Left: 15, LeftBy: run(1234567890), Run: run(1234567891),
		Lock: NewLock("", time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC), run(1234567892)),
	}
	const text = "orders in production"
	gotText, got := ReadDescription(Describe(text, h))
	if diff := cmp.Diff(h, got); diff != "" || gotText != text {
		t.Errorf("%q (-want +got):\n%s", gotText, diff)
	}
}

func FuzzReadDescription(f *testing.F) {
	for _, s := range []string{"", "x", "x [12 < 10 | run 1]", "x [12 < 10 | run 1 | locked until 2026-11-23T10:20Z: a: b | run 4740]", "[12 | locked: a | run 7]", "[12 < 10 | left 13 | run 2 | unlocked | run 4 at a.b]", "[12 < 10 | left 13 by 0 | run 2 at github.com | unlocked | run 4 at a.b]", "[12 < 10 | left 13 by 1 at c.d | run 0 | locked | run 4 at a.b]", "[12 | left 13 by 4 at a.b | codedeploy d-1 to 14 | run 1 at a.b/c]", "[10 < 7 | left 12 by 3 | run 4720]", "[10 | shifting to 13 until 2026-11-23T10:20Z]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, history := ReadDescription(s)
		if history.Head() == None {
			return
		}
		if units(strings.TrimSpace(s)) > MaxDescription || len(history.Versions) > maxHistory {
			return
		}
		again := Describe(text, history)
		if units(again) > MaxDescription {
			t.Fatalf("%q: %d units", again, units(again))
		}
		text2, history2 := ReadDescription(again)
		if diff := cmp.Diff(history, history2); diff != "" || text != text2 {
			t.Fatalf("%q, then %q, then %q:\n%s", s, text, text2, diff)
		}
	})
}
