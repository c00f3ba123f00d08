package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lambda-release/internal/ci"
	"lambda-release/internal/rules"
)

// question is what a person asks on the page.
type question struct {
	Rules  string // as in the input `aliases`; empty for the default
	Kind   string // of the event, an ID of kinds
	Branch string
	Tag    string
	Number string // of a pull request
}

// answer is what the program would do.
type answer struct {
	Alias  string // that would move, "" if none
	Latest bool   // the alias follows the unpublished code
	Rule   string // that matched, as written
	Ref    string // that it matched: refs/heads/main
	Why    string // no alias moves: the program's own words
	Fails  bool   // the job would fail, rather than be skipped
}

// ask answers as the program would, by the same code. save stores the payload of the
// event, and returns the path from which it can be read.
func ask(q question, save func(payload []byte) (path string, err error)) answer {
	rs, err := rules.Parse(cmp.Or(strings.TrimSpace(q.Rules), rules.Default))
	if err != nil {
		return answer{Why: "aliases: " + err.Error(), Fails: true}
	}
	env, payload, err := q.job()
	if err != nil {
		return answer{Why: err.Error(), Fails: true}
	}
	path, err := save([]byte(payload))
	if err != nil {
		return answer{Why: err.Error(), Fails: true}
	}
	env["GITHUB_EVENT_PATH"] = path
	ev, err := ci.Read(ci.Detect(context.Background(), func(name string) string { return env[name] }, nil), "")
	if err != nil {
		return answer{Why: err.Error(), Fails: !errors.Is(err, ci.ErrSkip)}
	}
	target, err := rs.Choose(ev.Ref, ev.OrTag, ev.OrElse, "")
	if err != nil {
		return answer{Why: err.Error(), Fails: !errors.Is(err, rules.ErrNoRule)}
	}
	return answer{Alias: target.Alias, Latest: target.Latest, Rule: target.Rule, Ref: target.Ref.String()}
}

// job is the environment of a job for the event, and the event's payload.
func (q question) job() (env map[string]string, payload string, err error) {
	for _, k := range kinds {
		if k.ID != q.Kind {
			continue
		}
		for _, f := range k.fields() {
			if q.value(f) == "" {
				return nil, "", fmt.Errorf("fill in the %s", f.Label)
			}
			if n, err := strconv.Atoi(q.Number); f.ID == "number" && (err != nil || n < 1) {
				return nil, "", fmt.Errorf("%q is not the number of a pull request", q.Number)
			}
		}
		fill := strings.NewReplacer("BRANCH", q.Branch, "TAG", q.Tag, "NUMBER", q.Number)
		// In a payload, a name is the content of a JSON string.
		quoted := strings.NewReplacer("BRANCH", inJSON(q.Branch), "TAG", inJSON(q.Tag), "NUMBER", inJSON(q.Number))
		return map[string]string{
			"GITHUB_ACTIONS":    "true",
			"GITHUB_EVENT_NAME": k.event,
			"GITHUB_REF":        fill.Replace(k.ref),
			"GITHUB_REPOSITORY": "shop/items",
			"GITHUB_SHA":        "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678",
		}, quoted.Replace(k.payload), nil
	}
	return nil, "", fmt.Errorf("unknown event %q", q.Kind)
}

func (q question) value(f field) string {
	switch f.ID {
	case "branch":
		return q.Branch
	case "tag":
		return q.Tag
	}
	return q.Number
}
