package localaws

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// version is $LATEST or a published version.
type version struct {
	Function
	number   string // "$LATEST" or "7"
	modified time.Time
	made     time.Time // zero if Go code made it
	revision string
	state    status
	update   status // LastUpdateStatus
	settling *settling
	replica  bool // Lambda@Edge has replicas of it (V17)
}

// resolve returns the version that a qualifier refers to: "" or $LATEST, a number,
// or an alias. It returns nil if there is none.
func (f *function) resolve(qualifier string) *version {
	if qualifier == "" || qualifier == latestVersion {
		return f.latest
	}
	if qualifier == latestPublished {
		return f.managed
	}
	if a := f.aliases[qualifier]; a != nil {
		return f.resolve(a.Version)
	}
	n, err := strconv.Atoi(qualifier)
	if err != nil {
		return nil
	}
	return f.versions[n]
}

// all returns the versions: $LATEST, $LATEST.PUBLISHED, then the numbers ascending.
func (f *function) all() []*version {
	all := []*version{f.latest}
	if f.managed != nil {
		all = append(all, f.managed)
	}
	for _, n := range slices.Sorted(maps.Keys(f.versions)) {
		all = append(all, f.versions[n])
	}
	return all
}

// drop deletes a version and its policy. Its number is not used again (V18).
func (s *store) drop(f *function, v *version) {
	s.changeVersion(f, v.number)
	n, _ := strconv.Atoi(v.number)
	delete(f.versions, n)
	delete(f.policies, v.number)
	delete(f.provisioned, v.number)
	delete(f.async, v.number)
}

// publish publishes the next version, or returns the newest one if $LATEST was not
// written since (V6). If the state starts is not active, it becomes outcome after
// the settle time. A nil description means that of $LATEST (V8).
func (s *store) publish(f *function, description *string, starts, outcome status) (*version, error) {
	if v := f.versions[f.last]; v != nil && !f.written {
		return v, nil
	}
	if err := s.checkStorage(f.latest.codeSize()); err != nil {
		return nil, err
	}
	now := time.Now()
	f.last++
	f.written = false
	v := &version{
		Function: f.latest.clone(),
		number:   strconv.Itoa(f.last),
		modified: f.latest.modified, // V19b2
		made:     s.writeTime(),
		revision: newID(),
		state:    starts,
		update:   successful,
	}
	set(&v.Description, description)
	if starts != active {
		v.update = status{}
		v.settling = &settling{now.Add(s.settle), outcome, successful, false} // its RevisionId does not change (V11)
	}
	s.changeVersion(f, v.number)
	s.changeVersion(f, latestVersion)
	f.versions[f.last] = v
	f.latest.revision = newID() // V11
	return v, nil
}

// revise gives a version a new RevisionId.
func (s *store) revise(f *function, v *version) {
	s.changeVersion(f, v.number)
	v.revision = newID()
}

// starts returns the initial state of a version that PublishVersion would publish
// now: active (V4) or pending (V5).
func (f *function) starts() status {
	if f.outcome != nil || f.latest.snapStarts() || f.latest.PackageType == "Image" && !f.publishedImage() {
		return creating
	}
	return active
}

// outcomeOfPublish returns the state that a pending version will have in the end.
func (f *function) outcomeOfPublish() status {
	if f.outcome != nil {
		return *f.outcome
	}
	return active
}

// publishedImage reports whether a version has the same image as $LATEST.
func (f *function) publishedImage() bool {
	for _, v := range f.versions {
		if v.CodeSha256 == f.latest.CodeSha256 {
			return true
		}
	}
	return false
}

// publishVersion implements V3 to V11.
func (l *lambda) publishVersion(r *request) (answer, error) {
	var in struct {
		CodeSha256  string
		Description *string
		RevisionID  string `json:"RevisionId"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	if in.Description != nil {
		v.length(*in.Description, "description", 0, 256) // A5
	}
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	if in.RevisionID != "" && in.RevisionID != f.latest.revision {
		return answer{}, stale() // V9
	}
	if in.CodeSha256 != "" && in.CodeSha256 != f.latest.CodeSha256 { // V10
		return answer{}, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", in.CodeSha256, f.latest.CodeSha256)
	}
	if err := f.writable(); err != nil {
		return answer{}, err
	}
	made, err := l.publish(f, in.Description, f.starts(), f.outcomeOfPublish())
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusCreated, made.describe(f, made.number)), nil
}

// listVersionsByFunction implements V12.
func (l *lambda) listVersionsByFunction(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	f = l.view(r, f, "")
	var all []configuration
	for _, v := range f.all() {
		all = append(all, v.entry(f, v.number))
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		Versions   []configuration
		NextMarker string `json:",omitempty"`
	}{page, next}), nil
}
