package release_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/release"
)

// job is a run of some server, as a mark names it. The zero job is none.
type job struct {
	id    uint64
	scope string
}

// request is a request of the job for functions.
func (j job) request(names ...string) release.Request {
	req := on(run(j.id), names...)
	req.Run.Scope = j.scope
	return req
}

func (j job) newerThan(o job) bool {
	return j.id > o.id && o.id != 0 && j.scope == o.scope
}

func (j job) String() string {
	if j.scope == "" {
		return fmt.Sprint(j.id)
	}
	return fmt.Sprintf("%d at %s", j.id, j.scope)
}

// model is what a function must be like.
type model struct {
	name    string
	newest  int // version published last
	dirty   bool
	code    string // of $LATEST
	exist   []int
	by      map[int]uint64 // the runs that have published
	aliases map[string]memory
	refs    []reference
}

// reference is something beside an alias that refers to a version.
type reference struct {
	kind    string
	version int
}

func newModel(name string) *model {
	return &model{name: name, dirty: true, code: "code of " + name, by: map[int]uint64{}, aliases: map[string]memory{"dev": {}, "prod": {}}}
}

// upload is a write of new code to $LATEST.
func (m *model) upload(w *world, code string) {
	w.Upload(m.name, code)
	m.code, m.dirty = code, true
}

// sha256 is the hash of the code of $LATEST, as AWS has it.
func (m *model) sha256() string {
	sum := sha256.Sum256([]byte(m.code))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// publish is what PublishVersion does.
func (m *model) publish(j job) int {
	if m.dirty || m.newest == 0 || !slices.Contains(m.exist, m.newest) {
		m.newest++
		m.exist = append(m.exist, m.newest)
		m.by[m.newest], m.dirty = j.id, false
	}
	return m.newest
}

// released is what a release of v makes of an alias. A guarded one knows that v is
// what its run has built.
func (m *model) released(a memory, v int, j job, guarded bool) (memory, release.Status) {
	switch {
	case a.locked():
		return a, release.Locked
	case a.at == 0:
		return a.to(v, j), release.Released
	case a.at == v && a.weight == 0:
		return a, release.Unchanged
	case a.run.newerThan(j):
		return a, release.Superseded
	case a.at > v && j.newerThan(a.run):
		releasedByIt := !a.foreign() && a.leftBy != a.run && m.by[a.at] == a.run.id
		if guarded && releasedByIt && a.weight == 0 {
			return a.to(v, j), release.Released
		}
		return a, release.Failed
	case max(a.at, a.weight) > v:
		return a, release.Superseded
	case a.weight != 0:
		return a, release.Failed
	case a.at != v && v <= a.left:
		return a, release.Held
	}
	return a.to(v, j), release.Released
}

// promoted is what a promotion to v makes of an alias.
func (m *model) promoted(a memory, v int, j job) (memory, release.Status) {
	switch {
	case a.locked():
		return a, release.Locked
	case a.at == v && a.weight == 0 && a.foreign() && len(a.history) > 0:
		next := a.to(v, j) // a new mark, with v once
		next.history = next.history[1:]
		return next, release.Unchanged
	case a.at == v && a.weight == 0:
		return a, release.Unchanged
	case a.weight != 0:
		return a, release.Failed
	}
	return a.to(v, j), release.Promoted
}

// rolledBack is what a rollback to v, or without v one step back, makes of an alias.
func (m *model) rolledBack(a memory, v int, j job) (memory, release.Status) {
	switch {
	case a.at == 0:
		return a, release.Failed
	case a.weight == 0 && a.leftBy == j && a.run == j && !a.foreign():
		return a, release.Unchanged
	case v != 0:
	case a.weight > a.at:
		v = a.at
	case a.foreign():
		return a, release.Failed
	default:
		for _, old := range a.history[1:] {
			if old != a.at && slices.Contains(m.exist, old) {
				v = old
				break
			}
		}
	}
	switch {
	case v == 0:
		return a, release.Failed
	case v == a.at && a.weight == 0:
		return a, release.Unchanged
	}
	return a.back(v, j), release.RolledBack
}

// needed are the versions that no prune deletes.
func (m *model) needed() map[int]bool {
	all := map[int]bool{}
	for _, a := range m.aliases {
		all[a.at], all[a.left], all[a.weight] = true, true, true
		for _, v := range a.history {
			all[v] = true
		}
	}
	for _, r := range m.refs {
		all[r.version] = true
	}
	return all
}

// clone is the model as it is now.
func (m *model) clone() *model {
	c := *m
	c.exist, c.by, c.aliases = slices.Clone(m.exist), maps.Clone(m.by), maps.Clone(m.aliases)
	c.refs = slices.Clone(m.refs)
	return &c
}

// memory is an alias: where it is, and what its description must say.
type memory struct {
	at      int // 0: there is none
	weight  int // the version to which a person has given a quarter of the traffic
	text    string
	history []int // as written last, newest first; empty without a mark
	left    int
	leftBy  job
	run     job
	lock    lock
}

// lock is what was locked or unlocked last.
type lock struct {
	word   string // locked or unlocked, "" for neither
	reason string
	until  time.Time
	by     job
}

// now is the lock as it counts now.
func (l lock) now() lock {
	if l.word == "locked" && !l.until.IsZero() && !time.Now().Before(l.until) {
		return lock{}
	}
	return l
}

func (a memory) locked() bool { return a.lock.now().word == "locked" }

// lockedBy is what a lock makes of an alias.
func (a memory) lockedBy(j job, reason string, d time.Duration) (memory, release.Status) {
	next := lock{word: "locked", reason: reason, by: j}
	if d > 0 {
		next.until = time.Now().UTC().Add(d + time.Minute - 1).Truncate(time.Minute)
	}
	same := a.lock.reason == reason && (a.lock.until.Equal(next.until) || a.lock.by == j && a.lock.until.IsZero() == (d == 0))
	return a.marked(next, a.locked() && same, release.Locked)
}

// unlockedBy is what an unlock makes of an alias.
func (a memory) unlockedBy(j job) (memory, release.Status) {
	return a.marked(lock{word: "unlocked", by: j}, !a.locked(), release.Unlocked)
}

// marked is an alias with another lock, unless it is so already.
func (a memory) marked(next lock, already bool, done release.Status) (memory, release.Status) {
	switch {
	case a.at == 0:
		return a, release.Failed
	case already:
		return a, release.Unchanged
	case a.lock.now().by.newerThan(next.by):
		return a, release.Superseded
	case len(a.history) == 0:
		a.history = []int{a.at}
	}
	a.lock = next
	return a, done
}

// known is the history with what other hands did.
func (a memory) known() []int {
	if len(a.history) > 0 && a.history[0] == a.at {
		return a.history
	}
	return append([]int{a.at}, a.history...)
}

func (a memory) foreign() bool { return len(a.history) == 0 || a.history[0] != a.at }

// to is the alias after a release or promotion.
func (a memory) to(v int, j job) memory {
	next := memory{at: v, text: a.text, left: a.left, leftBy: a.leftBy, run: j, history: []int{v}, lock: a.lock.now()}
	if a.at != 0 {
		next.history = append(next.history, a.known()...)
	}
	next.history = next.history[:min(len(next.history), 10)]
	if v >= next.left {
		next.left, next.leftBy = 0, job{}
	}
	return next
}

// back is the alias after a rollback to v.
func (a memory) back(v int, j job) memory {
	known := a.known()
	known = known[:min(len(known), 10)]
	rest := known[1:]
	if i := slices.Index(known, v); i >= 0 {
		rest = known[i+1:]
	}
	next := memory{at: v, text: a.text, history: append([]int{v}, rest...), left: a.left, leftBy: j, run: j, lock: a.lock.now()}
	if left := max(a.at, a.weight); left != v {
		next.left = max(a.left, left)
	}
	if next.left == 0 {
		next.leftBy = job{}
	}
	return next
}

func (a memory) String() string {
	if a.at == 0 {
		return "none"
	}
	s := fmt.Sprintf("%d, ", a.at)
	if a.weight != 0 {
		s = fmt.Sprintf("%d map[%d:0.25], ", a.at, a.weight)
	}
	return s + a.description()
}

// description is what the description of the alias must be.
func (a memory) description() string {
	if len(a.history) == 0 {
		return a.text
	}
	var words []string
	for _, v := range a.history {
		words = append(words, fmt.Sprint(v))
	}
	s := "[" + strings.Join(words, " < ")
	if a.left != 0 {
		s += fmt.Sprintf(" | left %d", a.left)
		if a.leftBy != a.run {
			s += " by " + a.leftBy.String()
		}
	}
	last := a.run
	if l := a.lock; l.word != "" {
		if last = l.by; last != a.run {
			s += " | run " + a.run.String()
		}
		s += " | " + l.word
		if !l.until.IsZero() {
			s += l.until.Format(" until 2006-01-02T15:04Z")
		}
		if l.reason != "" {
			s += ": " + l.reason
		}
	}
	if last.id != 0 {
		s += " | run " + last.String()
	}
	return strings.TrimSpace(a.text + " " + s + "]")
}
