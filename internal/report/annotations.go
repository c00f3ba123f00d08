package report

import (
	"errors"
	"strings"

	"lambda-release/internal/release"
)

// level is an annotation's, in the runner's words.
type level string

const (
	notice  level = "notice"
	warning level = "warning"
	failure level = "error"
)

// annotation is a message that GitHub shows beside the job. The runner shows
// ten of a level and step and keeps the rest in the log only.
type annotation struct {
	level level
	title string
	text  string // may have several lines
}

// inputTitle begins the title of a problem with an input.
const inputTitle = "Input "

// The runner cuts an annotation's text at 4,096 characters. An error leaves
// room for what comes after it.
const (
	maxAnnotation = 4_000
	maxError      = 1_400
	maxWhere      = 500
	maxHint       = 2_000
)

// annotate writes an annotation; outside GitHub Actions it is a line of the log.
func (r *Reporter) annotate(a annotation) {
	text := lines(a.text)
	for i := range text {
		text[i] = defuse(text[i])
	}
	title := defuse(shorten(oneLine(a.title), maxWhere))
	if r.actions == nil {
		said := strings.Join(text, "\n    | ")
		if !strings.HasPrefix(said, strings.TrimPrefix(title, inputTitle)) { // a problem names its input itself
			said = title + ": " + said
		}
		r.say(string(a.level) + ": " + said)
		return
	}
	// go-githubactions escapes title and text as the runner wants them.
	titled := r.actions.WithFieldsMap(map[string]string{"title": title})
	write := titled.Errorf
	switch a.level {
	case notice:
		write = titled.Noticef
	case warning:
		write = titled.Warningf
	}
	write("%s", shorten(strings.Join(text, "\n"), maxAnnotation))
}

// annotations are those of a result: an error a failure, a warning for a held
// version and whatever else was noticed, a notice for what something newer has
// overtaken. A function that only shares its batch's fate has none.
func annotations(res release.Result) []annotation {
	var all []annotation
	for _, o := range res.Outcomes {
		switch {
		case failedItself(o):
			all = append(all, annotation{failure, failureTitle(res, o), failureText(o)})
		case o.Status == release.Held:
			all = append(all, annotation{warning, subject(o) + " not released: held", o.Reason})
		case o.Status == release.Superseded:
			all = append(all, annotation{notice, subject(o) + " not released: superseded", o.Reason})
		}
		for _, w := range o.Warnings {
			all = append(all, annotation{warning, subject(o), w})
		}
	}
	return all
}

// failedItself tells a failure from a share in another function's.
func failedItself(o release.Outcome) bool { return o.Err != nil || o.Displaced }

func failureTitle(res release.Result, o release.Outcome) string {
	title := subject(o) + " " + undone(res)
	if o.Displaced {
		title += ", and " + displacement(o)
	}
	return title
}

// failureText is what was tried and what AWS said, where the alias is now, and
// what to do.
func failureText(o release.Outcome) string {
	var parts []string
	if o.Err != nil {
		parts = append(parts, shorten(o.Err.Error(), maxError))
	}
	if where := whereabouts(o); where != "" {
		parts = append(parts, "Now: "+shorten(where, maxWhere)+".")
	}
	if o.Hint != "" {
		parts = append(parts, shorten(o.Hint, maxHint))
	}
	return strings.Join(parts, "\n")
}

// refusals are the annotations of a run that was not started.
func refusals(problems []error) []annotation {
	all := make([]annotation, len(problems))
	for i, err := range problems {
		title := "Not started"
		var named interface{ InputName() string }
		if errors.As(err, &named) {
			title = inputTitle + named.InputName()
		}
		all[i] = annotation{failure, title, err.Error()}
	}
	return all
}

// split takes errors apart that were joined, a line each, and only those.
func split(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, e := range joined.Unwrap() {
		all = append(all, split(e)...)
		texts = append(texts, e.Error())
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err}
	}
	return all
}
