package report

import (
	"errors"
	"fmt"
	"strings"

	"lambda-release/internal/ci"
	"lambda-release/internal/release"
)

// annotation is a problem that the CI system shows with the job, if it can: GitHub at
// most ten for each level and step. The others are only in the log.
type annotation struct {
	level ci.Level
	title string
	text  string // one line or several
	quote string // of a function's response and log; where the annotation is only a part of the log, they are there already

	file         string // that the annotation is shown in; "": none
	line, column int
}

// inputTitle is the prefix of the title of a problem with an input.
const inputTitle = "Input "

// The runner truncates the text of an annotation to 4,096 characters. maxError and
// maxWhere leave room for the hint that follows an error.
const (
	maxAnnotation = 4_000
	maxError      = 1_400
	maxWhere      = 500
)

// styles are the colours of the levels in a terminal.
var styles = map[ci.Level]style{ci.Notice: blue, ci.Warning: yellow, ci.Failure: red}

// annotate writes an annotation, or where the CI system has none, to the log.
func (r *Reporter) annotate(a annotation) {
	title := oneLine(shorten(a.title, maxWhere))
	text := lines(a.text + a.quote)
	for i := range text {
		text[i] = ci.Defuse(text[i])
	}
	command, whole := r.system.Annotate(ci.Annotation{
		Level: a.level, Title: ci.Defuse(title), Text: shorten(strings.Join(text, "\n"), maxAnnotation),
		File: ci.Defuse(a.file), Line: a.line, Column: a.column,
	})
	r.write(command)
	if whole {
		return
	}
	said := indented(a.text, "    ")
	if !strings.HasPrefix(said, strings.TrimPrefix(title, inputTitle)) { // the problem itself begins with its input
		said = title + ": " + said
	}
	r.sayIn(styles[a.level], string(a.level)+":", " "+said)
}

// annotations returns the annotations of a result: one error for each failure, a
// warning or an error for aliases that were changed outside, a warning for a held
// version, a locked alias and each warning of an outcome, and a notice for what was
// superseded. A function that failed only because another function
// of its batch did has none.
func annotations(res release.Result) []annotation {
	var all []annotation
	for _, o := range res.Outcomes {
		switch {
		case failedItself(o):
			all = append(all, annotation{level: ci.Failure, title: failureTitle(res, o), text: failureText(o), quote: annotatedQuotes(o)})
		case o.Status == release.Drifted:
			all = append(all, annotation{level: driftLevel(res), title: o.Function + " changed outside lambda-release", text: o.Reason + "\n" + driftAdvice})
		case stays(res, o):
			a := annotation{level: ci.Warning, title: fmt.Sprintf("%s %s: %s", subject(o), undone(res), o.Status), text: o.Reason}
			if o.Status == release.Superseded {
				a.level = ci.Notice
			}
			all = append(all, a)
		}
		for _, w := range o.Warnings {
			all = append(all, annotation{level: ci.Warning, title: subject(o), text: brief(w, maxAnnotation)})
		}
	}
	return all
}

// driftLevel is the level of aliases that were changed outside: an error if they fail
// the job.
func driftLevel(res release.Result) ci.Level {
	if res.ExitCode() == release.ExitDrifted {
		return ci.Failure
	}
	return ci.Warning
}

// incomplete says that the output `results` has no room for all functions.
func incomplete(res release.Result) []annotation {
	entries, omitted := resultsOf(res)
	if omitted == 0 {
		return nil
	}
	return []annotation{{level: ci.Warning, title: "The output results is incomplete", text: fmt.Sprintf("It has room for half a megabyte, since GitHub takes 1 MiB of outputs: %d of %s are in it, failures and changes "+
		"from outside lambda-release first. Use several jobs, each for a part of them.", len(entries), count(len(res.Outcomes), "function"))}}
}

// failedItself reports whether the outcome is a failure of its own, not only the
// consequence of another function's failure.
func failedItself(o release.Outcome) bool { return o.Err != nil || o.NotAsItWas }

func failureTitle(res release.Result, o release.Outcome) string {
	title := subject(o) + " " + undone(res)
	if o.NotAsItWas {
		title += ", and " + displacement(o)
	}
	return title
}

// failureText says what was tried and what AWS answered, where the alias is now,
// and what to do.
func failureText(o release.Outcome) string {
	var parts []string
	if o.Err != nil {
		parts = append(parts, shorten(o.Err.Error(), maxError))
	}
	if where := whereabouts(o); where != "" {
		parts = append(parts, "Now: "+shorten(where, maxWhere)+".")
	}
	if o.Hint != "" {
		room := maxAnnotation - len(strings.Join(parts, "\n")) - 1
		parts = append(parts, shorten(brief(o.Hint, room), room))
	}
	return strings.Join(parts, "\n")
}

// elsewhere stands for JSON that an annotation has no room for.
const elsewhere = "(The policy is in the job summary and in the log.)"

// brief is a text without its JSON if there is no room for it: half a policy is of no
// use.
func brief(text string, room int) string {
	if len(text) <= room {
		return text
	}
	var kept []string
	all := lines(text)
	for i := 0; i < len(all); i++ {
		if n := jsonLines(all[i:]); n > 0 {
			kept = append(kept, elsewhere)
			i += n - 1
		} else {
			kept = append(kept, all[i])
		}
	}
	return strings.Join(kept, "\n")
}

// refusals returns the annotations of a run that was not started.
func refusals(problems []error) []annotation {
	all := make([]annotation, len(problems))
	for i, err := range problems {
		title := "Not started"
		var named interface{ InputName() string }
		if errors.As(err, &named) {
			title = inputTitle + named.InputName()
		}
		all[i] = annotation{level: ci.Failure, title: title, text: err.Error()}
		var placed interface {
			Place() (file string, line, column int)
		}
		if errors.As(err, &placed) {
			all[i].file, all[i].line, all[i].column = placed.Place()
		}
	}
	return all
}

// split returns the errors that were joined with errors.Join, or err itself.
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
