package release

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// state is an alias as it was read. The zero state is an alias that does not exist.
type state struct {
	Position
	description string
	text        string // the user's part of the description
	mark        Mark   // and ours
	revision    string
}

func (s state) exists() bool { return s.Version != None }

// stateOf understands what AWS says of an alias.
func stateOf(a awsapi.Alias) (state, error) {
	version, err := ParseVersion(a.Version)
	if err != nil {
		return state{}, fmt.Errorf("read alias %s: AWS answered: %w", a.Name, err)
	}
	s := state{Position: Position{Version: version}, revision: a.Revision}
	for v, weight := range a.Weights {
		version, err := ParseVersion(v)
		if err != nil {
			return state{}, fmt.Errorf("read the weights of alias %s: AWS answered: %w", a.Name, err)
		}
		if s.Weights == nil {
			s.Weights = map[Version]float64{}
		}
		s.Weights[version] = weight
	}
	s.description = a.Description
	s.text, s.mark = ReadDescription(a.Description)
	return s, nil
}

// weights is the alias's weights as AWS takes them.
func (s state) weights() map[string]float64 {
	weights := map[string]float64{}
	for v, w := range s.Weights {
		weights[v.String()] = w
	}
	return weights
}

// decision is what to do with an alias as it was seen.
type decision struct {
	status Status        // what the outcome is when that is done
	reason string        // why, where the status does not say it all
	want   *awsapi.Alias // the alias to make; nil: nothing is to be changed
}

// decideRelease is what a release of version v does with an alias as seen. It
// never goes backwards: not to an older version than the alias serves, not for
// an older run than the one that moved it last, and not to a version that a
// rollback left.
func decideRelease(seen state, v Version, req Request, now time.Time) (decision, error) {
	alias, run := req.Alias, req.Run
	if !seen.exists() {
		return decision{status: Released, want: want(seen, v, req)}, nil
	}
	if seen.Version == v && len(seen.Weights) == 0 {
		return unchanged(seen, req), nil
	}
	if by := seen.mark.Run; by > run.ID && run.ID != 0 && run.Attempt < 2 {
		return decision{
			status: Superseded,
			reason: fmt.Sprintf("run %d, newer than this run %d, has moved %s to %s already", by, run.ID, alias, seen.Position),
		}, nil
	}
	shift, inFlight := seen.shift(now)
	newest := seen.Version
	for w := range seen.Weights {
		if w != shift || inFlight { // what a dead shift has left serves nobody for long
			newest = max(newest, w)
		}
	}
	if v != Latest && newest > v {
		return decision{status: Superseded, reason: fmt.Sprintf("%s serves %s already, newer than %s", alias, newest, v)}, nil
	}
	if err := weightsInTheWay(seen, req, now); err != nil {
		return decision{}, err
	}
	if v != Latest && v <= seen.mark.Left && v != seen.Version {
		return decision{
			status: Held,
			reason: fmt.Sprintf("version %s was rolled back from %s%s and nothing was written since: change the code, or promote it",
				v, alias, by(seen.mark.LeftBy)),
		}, nil
	}
	return decision{status: Released, want: want(seen, v, req)}, nil
}

// unchanged leaves the alias where it is; only a new text of the user's is
// worth a call.
func unchanged(seen state, req Request) decision {
	d := decision{status: Unchanged}
	if req.AliasDescription != nil && strings.TrimSpace(*req.AliasDescription) != seen.text {
		d.want = &awsapi.Alias{
			Name: req.Alias, Version: seen.Version.String(), Revision: seen.revision,
			Description: Describe(*req.AliasDescription, seen.mark),
		}
		d.reason = "only its description was changed"
	}
	return d
}

// want is the alias as seen, put to v by this run.
func want(seen state, v Version, req Request) *awsapi.Alias {
	text := seen.text
	if req.AliasDescription != nil {
		text = *req.AliasDescription
	}
	return &awsapi.Alias{
		Name: req.Alias, Version: v.String(), Revision: seen.revision,
		Description: Describe(text, seen.marked().Moved(v, req.Run.ID)),
	}
}

// marked is the mark as it holds where the alias is now.
func (s state) marked() Mark {
	if !s.exists() {
		return s.mark
	}
	return s.mark.At(s.Version)
}

// movedByOthers tells whether someone else has put the alias where it is.
func (s state) movedByOthers() bool {
	return s.mark.Head() != s.Version && s.mark.ShiftTo != s.Version
}

// shift is the version that a shift of ours weighs, None without one, and
// whether that shift is still inside its deadline.
func (s state) shift(now time.Time) (to Version, inFlight bool) {
	if s.mark.ShiftTo == None || s.mark.Head() != s.Version {
		return None, false
	}
	if _, weighed := s.Weights[s.mark.ShiftTo]; !weighed {
		return None, false
	}
	return s.mark.ShiftTo, now.Before(s.mark.Until)
}

// weightsInTheWay refuses to write over a shift that someone is at: our own
// while it is inside its deadline and another run's, anybody else's unless the
// user says so. What our own shift has left after its deadline is no one's.
func weightsInTheWay(seen state, req Request, now time.Time) error {
	if len(seen.Weights) == 0 {
		return nil
	}
	to, inFlight := seen.shift(now)
	switch {
	case to == None && req.ClearWeights:
		return nil
	case to == None:
		return &WeightsError{Alias: req.Alias, Position: seen.Position}
	case inFlight && (seen.mark.Run != req.Run.ID || req.Run.ID == 0):
		return &WeightsError{Alias: req.Alias, Position: seen.Position, Run: seen.mark.Run, Until: seen.mark.Until, Ours: true}
	}
	return nil
}

// WeightsError says that traffic of an alias is being shifted by someone else.
type WeightsError struct {
	Alias    string
	Position Position
	Ours     bool      // lambda-release's own shift,
	Run      uint64    // by this run,
	Until    time.Time // over at this time at the latest
}

func (e *WeightsError) Error() string {
	if e.Ours {
		return fmt.Sprintf("alias %s is at %s: a shift%s is under way until %s at the latest",
			e.Alias, e.Position, by(e.Run), e.Until.Format(markTime))
	}
	return fmt.Sprintf("alias %s is at %s: its weights were set by someone else (CodeDeploy, or a person)", e.Alias, e.Position)
}

// Hint says how to go on.
func (e *WeightsError) Hint() string {
	if e.Ours {
		return "Wait for that run, or cancel it: it then puts the alias back. `operation: rollback` clears the weights at once."
	}
	return fmt.Sprintf("Look with `aws lambda get-alias --function-name … --name %s` and in CodeDeploy's deployments. "+
		"If nothing is at work on it, set the input `clear-weights: true` to take the alias over.", e.Alias)
}

func by(run uint64) string {
	if run == 0 {
		return ""
	}
	return fmt.Sprintf(" by run %d", run)
}

// String is the position for people: `12`, `12 (90 %) and 13 (10 %)`, `nowhere`.
func (p Position) String() string {
	switch {
	case p.Unknown:
		return "an unknown version"
	case p.Version == None:
		return "nowhere"
	case len(p.Weights) == 0:
		return p.Version.String()
	}
	rest := 1.0
	var others []string
	for _, v := range slices.Sorted(maps.Keys(p.Weights)) {
		rest -= p.Weights[v]
		others = append(others, fmt.Sprintf("%s (%s)", v, percent(p.Weights[v])))
	}
	return fmt.Sprintf("%s (%s) and %s", p.Version, percent(rest), strings.Join(others, " and "))
}

func percent(share float64) string {
	return fmt.Sprintf("%g %%", math.Round(share*1000)/10)
}
