package localaws

import (
	"net/http"
	"time"
)

// Fault makes a call fail, or answers it in a way that AWS sometimes does. The
// zero Fault serves the call. Delay can be combined with each of the others, and
// Twice and the three about consistency with those that carry out the call.
type Fault struct {
	Status    int // answer with this error instead of carrying out the call
	Code      string
	Message   string
	Delay     time.Duration // wait first, at most until the caller disconnects
	Drop      bool          // close the connection without carrying out the call
	DropAfter bool          // carry out the call, then close the connection
	Hang      bool          // do not carry out the call, and do not answer until the caller disconnects or Close

	// Late carries out the call this long after it arrived, also if the caller
	// has disconnected by then, and never answers it. With Delay and DropAfter the
	// work is done when the caller disconnects, at the latest.
	Late   time.Duration
	Twice  bool   // carry out the call two times and answer with the second outcome
	Garble Garble // carry out the call; if it succeeds, answer with an unreadable body

	Stale  bool // answer a read with the state before the last write of what it reads
	NotYet bool // answer 404, as if the newest thing that the call names and a call has made were not there yet
	Fresh  bool // answer without the delays of Options.Stale and Options.NotYet
}

// Garble is a way in which the body of a successful answer cannot be read.
type Garble string

// The body ends in the middle, with a Content-Length that says so; the connection
// is closed in the middle of the body; there is no body; or the body is a page of
// HTML, such as a proxy sends.
const (
	GarbleCut   Garble = "cut"
	GarbleTorn  Garble = "torn"
	GarbleEmpty Garble = "empty"
	GarbleHTML  Garble = "html"
)

// apply returns the garbled answer.
func (g Garble) apply(a answer) answer {
	if g == "" || a.status >= 300 {
		return a
	}
	switch g {
	case GarbleCut:
		a.body = a.body[:len(a.body)/2]
	case GarbleTorn:
		a.torn = true
	case GarbleEmpty:
		a.body = nil
	case GarbleHTML:
		a.status = http.StatusOK // 204 has no body
		a.header = http.Header{"Content-Type": {"text/html"}}
		a.body = []byte("<html><body><h1>Please sign in</h1></body></html>")
	}
	return a
}
