package ci

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lambda-release/internal/rules"
)

// ErrNoRef is returned by Read when the event has no Ref and nothing else is
// wrong: an alias or a ref must be given.
var ErrNoRef = errors.New("cannot choose an alias")

// ErrSkip is returned by Read when the event is of a kind that counts, but has
// nothing to release: a run that failed, a release that was deleted.
var ErrSkip = errors.New("the event does not count")

// Event is what triggered the job, and the job's identity.
type Event struct {
	Name    string    // of the event, where the system has one
	Ref     rules.Ref // what triggered the job, as it counts for a release
	OrTag   rules.Ref // the tag that Ref may be instead, if the system does not report which; else zero
	OrElse  rules.Ref // what counts if no rule matches Ref; else zero
	Preview rules.Ref // the pull request itself, merged or not; zero if there is none
	Foreign bool      // the job is about code of another repository, such as a fork, that is not merged, or may be

	RunID   uint64 // grows with time within Scope; 0 if no such order is known
	Scope   string // the server, or system and project, whose runs are ordered
	Attempt int    // from 1, where RunID is known; 2 and up is a deliberate re-run
	RunURL  string // "" if unknown

	SHA       string // the commit that is released, "" if unknown
	CommitURL string // "" if unknown
}

// reading is what a system has read, and what is wrong with it.
type reading struct {
	Event
	run     error // the run's identity is not valid
	outcome error // the event does not count, or what happened is unknown; a given ref does not help
	ref     error // the event has no ref
}

// Read reads what triggered the job. ref, the input, replaces the ref of the event
// (see rules.ParseRef for its forms). It does not make an event count that did not
// happen well.
//
// If the event does not count, the error is ErrSkip; if it has no ref, ErrNoRef;
// both wrapped with the reason. If the ref or the run's identity is not valid, it
// is another error. The Event is filled as far as possible along with any error,
// so that a job whose alias is given can go on after ErrSkip and ErrNoRef.
func Read(s System, ref string) (Event, error) {
	r := s.read()
	err := cmp.Or(r.outcome, r.ref)
	if ref != "" {
		err = cmp.Or(r.override(ref), r.outcome)
	}
	if r.run != nil && err != nil {
		// Neither ErrSkip nor ErrNoRef: a job may go on after those alone.
		return r.Event, errors.Join(r.run, errors.New(err.Error()))
	}
	return r.Event, errors.Join(r.run, err)
}

// override replaces the ref, but not the run and its commit.
func (e *Event) override(text string) error {
	e.Ref, e.OrTag, e.OrElse, e.Preview = rules.Ref{}, rules.Ref{}, rules.Ref{}, rules.Ref{}
	ref, err := rules.ParseRef(text)
	if err != nil {
		return fmt.Errorf("read ref %.200q: %w", text, err)
	}
	e.Ref = ref
	if ref.Kind == rules.PullRequest {
		e.Preview = ref
	}
	return nil
}

// choose fills Ref and Preview from what triggered the job: the names of a tag and of
// a branch, and the number of a merge request. A variable whose value is empty is
// absent.
func (e *Event) choose(tag, pull, branch variable) error {
	switch {
	case tag.value != "":
		return e.readName(tag, "refs/tags/")
	case pull.value != "":
		return e.readPull(pull)
	case branch.value != "":
		return e.readName(branch, "refs/heads/")
	}
	return noRef(fmt.Sprintf("%s, %s and %s are empty", tag.name, pull.name, branch.name))
}

// readName fills Ref from the name of a branch or tag.
func (e *Event) readName(v variable, prefix string) error {
	return e.readRef(variable{v.name, prefix + strings.TrimPrefix(v.value, prefix)})
}

// readRef fills Ref, and for a pull request Preview, from what begins with refs/.
func (e *Event) readRef(v variable) error {
	ref, err := rules.ParseRef(v.value)
	if err != nil {
		return noRef(fmt.Sprintf("%s %.200q: %v", v.name, v.value, err))
	}
	e.Ref = ref
	if ref.Kind == rules.PullRequest {
		e.Preview = ref
	}
	return nil
}

// readPull fills Ref and Preview from the number of a merge request. One that cannot be
// read may be foreign.
func (e *Event) readPull(v variable) error {
	n, err := strconv.Atoi(v.value)
	if err != nil || n <= 0 {
		e.Foreign = true
		return noRef(fmt.Sprintf("%s %.40q is not the number of a merge request", v.name, v.value))
	}
	e.Preview = rules.Ref{Kind: rules.PullRequest, Number: n}
	e.Ref = e.Preview
	return nil
}

// isPull reports whether the event counts as a merge request.
func (e *Event) isPull() bool { return e.Ref.Kind == rules.PullRequest }

// readRun fills RunID, Scope and Attempt. If the system or project is not known, the
// run's number could be compared with that of another one, and counts as unknown, too.
func (e *Event) readRun(id variable, scope string, attempt variable) error {
	if id.value == "" || scope == "" {
		return nil
	}
	var errID, errAttempt error
	e.Scope = scope
	e.RunID, errID = strconv.ParseUint(id.value, 10, 64)
	if errID != nil || e.RunID == 0 {
		e.RunID = 0
		errID = fmt.Errorf("%s %.40q is not the number of a run", id.name, id.value)
	}
	e.Attempt = 1
	if attempt.value != "" {
		e.Attempt, errAttempt = strconv.Atoi(attempt.value)
		if errAttempt != nil || e.Attempt < 1 {
			e.Attempt = 0
			errAttempt = fmt.Errorf("%s %.40q is not a number from 1", attempt.name, attempt.value)
		}
	}
	return errors.Join(errID, errAttempt)
}

var hex = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// readCommit fills SHA, and CommitURL if the URL of commits is known. Not every system
// has a commit in its variable: Buildkite's may be HEAD.
func (e *Event) readCommit(sha, commits string) {
	if !hex.MatchString(sha) {
		return
	}
	e.SHA = sha
	if commits != "" {
		e.CommitURL = commits + sha
	}
}

// noRef is ErrNoRef in a system whose jobs give flags.
func noRef(why string) error {
	return fmt.Errorf("%w: %s; set --alias, or set --ref to the branch or tag to release (refs/heads/NAME, refs/tags/NAME)", ErrNoRef, why)
}

func skip(why string) error { return fmt.Errorf("%w: %s", ErrSkip, why) }

// host is a server's address without its scheme.
func host(url string) string {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		rest = url
	}
	return strings.Trim(rest, "/")
}

// repositoryOf is the same for every form of the URL of a repository, "" for none:
// git@github.com:example/shop.git, https://github.com/example/shop.
func repositoryOf(url string) string {
	if _, rest, found := strings.Cut(url, "://"); found {
		url = rest
	} else {
		url = strings.Replace(url, ":", "/", 1)
	}
	if at := strings.LastIndex(url, "@"); at >= 0 {
		url = url[at+1:]
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(url, "/"), ".git"))
}

// scoped is the scope of a project of a server, "" if either is not known.
func scoped(server, project string) string {
	if server == "" || project == "" {
		return ""
	}
	return server + "/" + project
}
