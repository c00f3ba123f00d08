package alias

import (
	"fmt"
	"time"
)

// Outside says where the alias is and where its history has it, if it was changed
// outside lambda-release; else it is "". An alias without a history is not managed by lambda-release: there
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
		return fmt.Sprintf("at %s, but %s says %s", at, mark, h.Head())
	}
	if h.Head() != s.Version && h.Deployment == "" { // only CodeDeploy ends a shift of ours without a new mark
		return fmt.Sprintf("at %s, but %s says %s, shifting to %s", at, mark, h.Head(), h.ShiftTo)
	}
	if ours, _ := s.Shift(time.Time{}); len(at.Weights) > 0 && ours == None {
		return fmt.Sprintf("at %s, but %s says %s without weights", at, mark, s.Version)
	}
	return ""
}
