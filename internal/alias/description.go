package alias

import (
	"strings"
	"unicode/utf16"
)

// MaxDescription is Lambda's limit for the description of an alias or a
// version. AWS does not say in what unit; UTF-16 code units are never fewer
// than characters, so a text within the limit in these is within it in either.
const MaxDescription = 256

// Describe is the description of an alias with the user's text and the history.
// What is too long for AWS loses its oldest positions first, but never the one
// before this one, unless a lock needs the room; then the note of an unlock; a text
// from outside lambda-release that still leaves no room is cut, and the reason of a
// lock last.
func Describe(text string, h History) string {
	text = strings.TrimSpace(text)
	least := 2
	if h.Lock.State == Locked {
		least = 1
	}
	for len(h.Versions) > least && !fits(text, h) {
		h.Versions = h.Versions[:len(h.Versions)-1]
	}
	if h.Lock.State == Unlocked && !fits(text, h) {
		h.Lock = Lock{}
	}
	for !fits(text, h) && text != "" {
		text = shorter(text)
	}
	for !fits(text, h) && h.Lock.Reason != "" {
		h.Lock.Reason = shorter(h.Lock.Reason)
	}
	return join(text, h)
}

// shorter is a text without its last character, with an ellipsis.
func shorter(text string) string {
	runes := []rune(strings.TrimSuffix(text, "…"))
	text = strings.TrimSpace(string(runes[:max(0, len(runes)-1)]))
	if text != "" {
		text += "…"
	}
	return text
}

func fits(text string, h History) bool { return units(join(text, h)) <= MaxDescription }

func join(text string, h History) string { return strings.TrimSpace(text + " " + h.String()) }

// ReadDescription splits an alias's description into the user's text and the
// history. What is not to the letter a history belongs to the text.
func ReadDescription(description string) (text string, h History) {
	open := strings.LastIndexByte(description, '[')
	if open < 0 || open > 0 && description[open-1] != ' ' {
		return strings.TrimSpace(description), History{}
	}
	h, ok := parseHistory(description[open:])
	if !ok {
		return strings.TrimSpace(description), History{}
	}
	return strings.TrimSpace(description[:open]), h
}

// Shorten cuts a text to so many UTF-16 code units, with an ellipsis.
func Shorten(text string, limit int) string {
	if units(text) <= limit {
		return text
	}
	runes := []rune(text)
	for units(string(runes)) > limit-1 {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimSpace(string(runes)) + "…"
}

// units is the length of a text in UTF-16 code units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
