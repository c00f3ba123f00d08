package alias

import (
	"fmt"
	"time"
)

// Outside says how the alias was changed outside lambda-release, "" if it is as its
// history has it. An alias without a history is not managed by lambda-release: there
// is nothing that it could differ from.
func (s State) Outside() string {
	h, at := s.History, s.Settled().Position
	if h.Head() == None {
		return ""
	}
	mark := "its mark"
	if h.Run.Known() {
		mark += " of " + h.Run.String()
	}
	if s.MovedOutside() {
		return fmt.Sprintf("it is at %s, but %s says %s", at, mark, h.Head())
	}
	if ours, _ := s.Shift(time.Time{}); len(at.Weights) > 0 && ours == None {
		return fmt.Sprintf("it is at %s, but %s says %s without weights", at, mark, s.Version)
	}
	return ""
}
