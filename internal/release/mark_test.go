package release

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
		mark                    Mark
	}{
		{"empty", "", "", Mark{}},
		{"text only", "orders in production", "orders in production", Mark{}},
		{"mark only", "[12 < 10 < 7 | run 4711]", "", Mark{History: []Version{12, 10, 7}, Run: 4711}},
		{"text and mark", "orders [beta] [1]", "orders [beta]", Mark{History: []Version{1}}},
		{
			"rolled back", "x [10 < 7 | left 12 | run 4720]", "x",
			Mark{History: []Version{10, 7}, Left: 12, LeftBy: 4720, Run: 4720},
		},
		{
			"left by an earlier run", "[11 < 10 | left 12 by 4720 | run 4731]", "",
			Mark{History: []Version{11, 10}, Left: 12, LeftBy: 4720, Run: 4731},
		},
		{
			"shifting", "[10 | shifting to 13 until 2026-11-23T10:20Z | run 4730]", "",
			Mark{History: []Version{10}, ShiftTo: 13, Until: until, Run: 4730},
		},
		{"$LATEST in the history", "[$LATEST < 12 | run 5]", "", Mark{History: []Version{Latest, 12}, Run: 5}},
		{"not closed", "[12 < 10", "[12 < 10", Mark{}},
		{"text behind", "[12 < 10] x", "[12 < 10] x", Mark{}},
		{"glued to the text", "x[12 < 10]", "x[12 < 10]", Mark{}},
		{"a word", "release [stable]", "release [stable]", Mark{}},
		{"version 0", "[0]", "[0]", Mark{}},
		{"leading zero", "[012]", "[012]", Mark{}},
		{"twice the run", "[12 | run 1 | run 2]", "[12 | run 1 | run 2]", Mark{}},
		{"wrong order", "[12 | run 1 | left 13]", "[12 | run 1 | left 13]", Mark{}},
		{"unknown field", "[12 | note hi]", "[12 | note hi]", Mark{}},
		{"broken time", "[12 | shifting to 13 until noon]", "[12 | shifting to 13 until noon]", Mark{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text, mark := ReadDescription(tt.description)
			if diff := cmp.Diff(tt.mark, mark); diff != "" || text != tt.text {
				t.Errorf("text %q, want %q; mark (-want +got):\n%s", text, tt.text, diff)
			}
			if mark.Head() != None && Describe(text, mark) != tt.description {
				t.Errorf("printed again: %q, want %q", Describe(text, mark), tt.description)
			}
		})
	}
}

func TestMarkMoves(t *testing.T) {
	t.Parallel()
	var m Mark
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
		if m = m.Moved(step.to, step.run); m.String() != step.want {
			t.Fatalf("after %d: %s, want %s", step.to, m, step.want)
		}
	}

	if got, want := m.At(9).String(), "[9 < 12 < 10 < 7 | run 120]"; got != want {
		t.Errorf("moved to 9 by someone else: %s, want %s", got, want)
	}
	left := Mark{History: []Version{10, 7}, Left: 12, LeftBy: 130, Run: 130}
	if got, want := left.Moved(11, 140).String(), "[11 < 10 < 7 | left 12 by 130 | run 140]"; got != want {
		t.Errorf("an older version than the one left: %s, want %s", got, want)
	}
	if got, want := left.Moved(13, 140).String(), "[13 < 10 < 7 | run 140]"; got != want {
		t.Errorf("a newer version than the one left: %s, want %s", got, want)
	}
	long := Mark{}
	for v := range Version(20) {
		long = long.Moved(v+1, 1)
	}
	if len(long.History) != maxHistory || long.Head() != 20 {
		t.Errorf("20 moves: %s", long)
	}
}

func TestDescribeStaysWithinTheLimit(t *testing.T) {
	t.Parallel()
	m := Mark{
		Left: 1234567, LeftBy: 1, Run: 19876543210, ShiftTo: 1234569,
		Until: time.Date(2026, 11, 23, 10, 20, 0, 0, time.UTC),
	}
	for v := range Version(10) {
		m.History = append(m.History, 1234568-v)
	}
	for _, text := range []string{"", "short", strings.Repeat("x", 160), strings.Repeat("ü", 160), strings.Repeat("x", 256), strings.Repeat("😀", 128)} {
		got := Describe(text, m)
		if units(got) > maxDescription {
			t.Errorf("%d units: %q", units(got), got)
		}
		gotText, gotMark := ReadDescription(got)
		if units(text) <= 100 && gotText != text {
			t.Errorf("text %q was cut to %q", text, gotText)
		}
		if len(gotMark.History) < 2 || gotMark.Run != m.Run || gotMark.ShiftTo != m.ShiftTo || gotMark.Left != m.Left {
			t.Errorf("lost more than old history: %s", gotMark)
		}
	}
	plain := Mark{History: []Version{1234568, 1234567}, Left: 1234569, LeftBy: 19876543210, Run: 19876543210}
	text := strings.Repeat("x", maxText)
	if got, _ := ReadDescription(Describe(text, plain)); got != text {
		t.Errorf("a text of %d characters was cut to %d", maxText, len(got))
	}
}

func FuzzReadDescription(f *testing.F) {
	for _, s := range []string{"", "x", "x [12 < 10 | run 1]", "[10 < 7 | left 12 by 3 | run 4720]", "[10 | shifting to 13 until 2026-11-23T10:20Z]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, mark := ReadDescription(s)
		if mark.Head() == None {
			return
		}
		again := Describe(text, mark)
		if units(again) > maxDescription {
			t.Fatalf("%q: %d units", again, units(again))
		}
		if units(strings.TrimSpace(s)) > maxDescription || len(mark.History) > maxHistory {
			return
		}
		text2, mark2 := ReadDescription(again)
		if diff := cmp.Diff(mark, mark2); diff != "" || text != text2 {
			t.Fatalf("%q, then %q, then %q:\n%s", s, text, text2, diff)
		}
	})
}
