package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kind is what a ref names.
type Kind uint8

// The kinds of refs that a rule can match.
const (
	Branch Kind = iota + 1
	Tag
	PullRequest
)

func (k Kind) String() string {
	switch k {
	case Branch:
		return "branch"
	case Tag:
		return "tag"
	case PullRequest:
		return "pull request"
	}
	return "none"
}

// Ref is what triggered a job: a branch, a tag or a pull request. The zero Ref
// is none of them.
type Ref struct {
	Kind   Kind
	Name   string // a branch's or a tag's, without refs/…
	Number int    // a pull request's, from 1
}

// String is the ref as Git has it: refs/heads/main, refs/tags/v1, refs/pull/7;
// "" for the zero Ref.
func (r Ref) String() string {
	switch r.Kind {
	case Branch:
		return headsPrefix + r.Name
	case Tag:
		return tagsPrefix + r.Name
	case PullRequest:
		return pullPrefix + strconv.Itoa(r.Number)
	}
	return ""
}

// Short is the ref as people say it: main, v1, pull/7; "" for the zero Ref.
func (r Ref) Short() string {
	switch r.Kind {
	case Branch, Tag:
		return r.Name
	case PullRequest:
		return "pull/" + strconv.Itoa(r.Number)
	}
	return ""
}

// InMergeQueue reports whether the ref is a branch of GitHub's merge queue. A push
// event is sent for these, too.
// https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#merge_group
func (r Ref) InMergeQueue() bool {
	return r.Kind == Branch && strings.HasPrefix(r.Name, mergeQueue)
}

func (r Ref) valid() bool {
	switch r.Kind {
	case Branch, Tag:
		return r.Name != ""
	case PullRequest:
		return r.Number > 0
	}
	return false
}

const (
	headsPrefix = "refs/heads/"
	tagsPrefix  = "refs/tags/"
	pullPrefix  = "refs/pull/"

	mergeQueue = "gh-readonly-queue/"
)

// ParseRef reads refs/heads/NAME, refs/tags/NAME, refs/pull/NUMBER, with or
// without something behind the number, or a branch's bare name. Names that Git
// itself refuses are refused. The error does not repeat text.
func ParseRef(text string) (Ref, error) {
	if name, ok := strings.CutPrefix(text, headsPrefix); ok {
		return named(Branch, name)
	}
	if name, ok := strings.CutPrefix(text, tagsPrefix); ok {
		return named(Tag, name)
	}
	if rest, ok := strings.CutPrefix(text, pullPrefix); ok {
		number, _, _ := strings.Cut(rest, "/")
		n, err := strconv.Atoi(number)
		if err != nil || n <= 0 {
			return Ref{}, errors.New("refs/pull/ must be followed by the number of a pull request")
		}
		return Ref{Kind: PullRequest, Number: n}, nil
	}
	if strings.HasPrefix(text, "refs/") {
		return Ref{}, errors.New("of refs/… only refs/heads/, refs/tags/ and refs/pull/ can trigger a release")
	}
	if commit.MatchString(text) {
		return Ref{}, errors.New("a commit is not a ref: it may be on any branch")
	}
	return named(Branch, text)
}

// GitHub refuses a branch whose name looks like a commit:
// https://docs.github.com/en/get-started/using-git/dealing-with-special-characters-in-branch-and-tag-names
var commit = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

func named(kind Kind, name string) (Ref, error) {
	if err := checkName(name); err != nil {
		return Ref{}, fmt.Errorf("not the name of a %s: %w", kind, err)
	}
	return Ref{Kind: kind, Name: name}, nil
}

// checkName applies Git's rules to the name of a branch or a tag:
// https://git-scm.com/docs/git-check-ref-format
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case name == "@", strings.Contains(name, "@{"):
		return errors.New(`it is "@" or contains "@{"`)
	case strings.Contains(name, ".."):
		return errors.New(`it contains ".."`)
	case strings.HasSuffix(name, "."):
		return errors.New(`it ends in "."`)
	}
	if i := strings.IndexFunc(name, neverInName); i >= 0 {
		return fmt.Errorf("it contains %q", name[i])
	}
	for segment := range strings.SplitSeq(name, "/") {
		switch {
		case segment == "":
			return errors.New(`it begins or ends with "/", or contains "//"`)
		case strings.HasPrefix(segment, "."):
			return errors.New(`a part of it begins with "."`)
		case strings.HasSuffix(segment, ".lock"):
			return errors.New(`a part of it ends in ".lock"`)
		}
	}
	return nil
}

func neverInName(c rune) bool {
	return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c)
}
