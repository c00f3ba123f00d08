package alias

import (
	"strings"
	"testing"
	"time"
)

var (
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	by   = Run{ID: 4740}
)

func TestLockReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"incident 7":                 "incident 7",
		"  a\r\n b\t\u2028c  ":       "a b c",
		"[12 < 10 | run 1]":          "(12 < 10 / run 1)",
		"see https://example.com: 7": "see https://example.com: 7",
	} {
		got := LockReason(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		h := History{Versions: []Version{1}, Lock: NewLock(got, time.Time{}, by)}
		if _, again := ReadDescription(Describe("x", h)); again.Lock != h.Lock {
			t.Errorf("%q is read again as %v", text, again.Lock)
		}
	}
}

func TestLockEnds(t *testing.T) {
	t.Parallel()
	l := NewLock("", noon.Add(time.Second), by) // the end of that minute
	for at, want := range map[time.Time]bool{noon: true, noon.Add(59 * time.Second): true, noon.Add(time.Minute): false} {
		if l.Holds(at) != want || (l.At(at) == Lock{}) == want {
			t.Errorf("%s: holds %t, counts as %s", at, l.Holds(at), l.At(at))
		}
	}
	if l := NewLock("", time.Time{}, by); !l.Holds(noon.AddDate(99, 0, 0)) {
		t.Error("a lock without an end has ended")
	}
	if l := (Lock{State: Unlocked, By: by}); l.Holds(noon) || l.At(noon) != l {
		t.Error("the note of an unlock locks, or is forgotten")
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	lock, unlock := NewLock("why", time.Time{}, by), Lock{State: Unlocked, By: by}
	tests := []struct {
		name, was string
		at        Version
		weights   map[Version]float64
		lock      Lock
		want      string
		keeps     bool
	}{
		{"as usual", "x [12 < 10 | run 1]", 12, nil, lock, "x [12 < 10 | run 1 | locked: why | run 4740]", true},
		{"no mark", "x", 12, nil, lock, "x [12 | run 0 | locked: why | run 4740]", true},
		{"unlock", "[12 | left 13 | run 1 | locked | run 2]", 12, nil, unlock, "[12 | left 13 | run 1 | unlocked | run 4740]", true},
		{"weights from outside", "[12 | run 1]", 12, map[Version]float64{9: 0.1}, lock, "[12 | run 1 | locked: why | run 4740]", true},
		{"a shift", "[12 | shifting to 13 until 2026-11-24T13:00Z | run 1]", 12, map[Version]float64{13: 0.1}, lock, "[12 | run 1 | locked: why | run 4740]", false},
		{"a shift's leftover", "[12 | shifting to 13 until 2026-11-24T11:00Z | run 1]", 12, map[Version]float64{13: 0.1}, lock, "[12 | run 1 | locked: why | run 4740]", false},
		{"a shift without weights", "[12 | shifting to 13 until 2026-11-24T11:00Z | run 1]", 12, nil, lock, "[12 | run 1 | locked: why | run 4740]", true},
		{"a shift, unlocked", "[12 | shifting to 13 until 2026-11-24T13:00Z | run 1]", 12, map[Version]float64{13: 0.1}, unlock, "[12 | shifting to 13 until 2026-11-24T13:00Z | run 1 | unlocked | run 4740]", true},
		{"a deployment", "[12 | codedeploy d-1 to 13 | run 1]", 13, nil, lock, "[12 | codedeploy d-1 to 13 | run 1 | locked: why | run 4740]", true},
		{"moved outside", "[12 < 10 | run 1]", 9, nil, lock, "[12 < 10 | run 1 | locked: why | run 4740]", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := State{Position: Position{Version: tt.at, Weights: tt.weights}}
			s.Text, s.History = ReadDescription(tt.was)
			c := s.Mark(tt.lock, noon)
			if got := Describe(c.Text, c.History); got != tt.want || c.KeepWeights != tt.keeps || c.Version != None {
				t.Errorf("%q, keeps the weights: %t, version %q; want %q, %t", got, c.KeepWeights, c.Version, tt.want, tt.keeps)
			}
		})
	}
}

// TestLockStays: what moves the alias does not end a lock.
func TestLockStays(t *testing.T) {
	t.Parallel()
	_, h := ReadDescription("[12 < 10 | run 1 | locked: why | run 4740]")
	for name, next := range map[string]History{
		"moved": h.Moved(13, Run{ID: 2}), "rolled back": h.RolledBack(10, 12, Run{ID: 2}), "moved outside": h.At(9),
	} {
		if next.Lock != h.Lock {
			t.Errorf("%s: %s", name, next)
		}
	}
}

// TestLockHasRoom: a lock is only taken if it stays whole beside the text. A rollback
// of an alias so locked always fits.
func TestLockHasRoom(t *testing.T) {
	t.Parallel()
	for _, run := range []Run{{ID: 1}, {19876543210, strings.Repeat("x", maxScope)}} {
		for n := range MaxDescription {
			text := strings.Repeat("x", n)
			was := History{Versions: []Version{1234568, 1234567, 1234566}, Left: 1234569, LeftBy: run, Run: run}
			c := State{Position: Position{Version: 1234568}, Text: text, History: was}.Mark(NewLock(strings.Repeat("y", MaxReason), time.Time{}, by), noon)
			room, fits := c.ReasonRoom()
			if fits != (room >= MaxReason) {
				t.Fatalf("text of %d: room %d, fits %t", n, room, fits)
			}
			if room > 0 {
				c.History.Lock.Reason = c.History.Lock.Reason[:min(room, MaxReason)]
				if _, fits := c.ReasonRoom(); !fits {
					t.Fatalf("text of %d: there is no room for %d", n, room)
				}
			}
			if _, fits = c.ReasonRoom(); !fits {
				continue
			}
			gotText, h := ReadDescription(Describe(c.Text, c.History))
			if gotText != text || h.Lock != c.History.Lock {
				t.Fatalf("text of %d: %q %s", n, gotText, h)
			}
			back := Describe(gotText, h.RolledBack(1234560, 1234568, Run{19876543211, run.Scope}))
			if _, h := ReadDescription(back); units(back) > MaxDescription || !h.Lock.Holds(noon) || h.Head() != 1234560 {
				t.Fatalf("text of %d: rolled back: %d: %q", n, units(back), back)
			}
		}
	}
}

// TestUnlockTakesNoRoom: the note of an unlock costs nothing of the user's text, neither
// at once nor when the alias is moved.
func TestUnlockTakesNoRoom(t *testing.T) {
	t.Parallel()
	mover, unlocker := Run{ID: 19876543210}, Run{ID: 19876543211}
	for n := range MaxDescription {
		text := strings.Repeat("x", n)
		locked := State{Position: Position{Version: 12}, Text: text, History: History{Versions: []Version{12, 10}, Run: mover}}.Mark(NewLock("", time.Time{}, by), noon)
		if _, fits := locked.ReasonRoom(); !fits {
			continue
		}
		s := State{Position: Position{Version: 12}}
		s.Text, s.History = ReadDescription(Describe(locked.Text, locked.History))
		c := s.Mark(Lock{State: Unlocked, By: unlocker}, noon)
		for what, h := range map[string]History{"unlocked": c.History, "released": c.History.Moved(13, mover)} {
			if got, now := ReadDescription(Describe(c.Text, h)); got != text || now.Lock.Holds(noon) {
				t.Errorf("%s, text of %d: %q %s", what, n, got, now)
			}
		}
	}
}
