package release

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// cause is why functions that were good stay, or are put back, where they were.
type cause struct {
	status Status // Failed, Superseded or Held
	what   string // "orders has failed"
	sick   bool   // the new version was found unfit: it is not to come back by itself
	run    uint64 // of this job
}

// because is the cause that a function is; nil where it is none.
func (j *job) because() *cause {
	switch j.out.Status {
	case Failed:
		return &cause{status: Failed, what: j.fn.Name + " has failed"}
	case Superseded, Held:
		return &cause{status: j.out.Status, what: fmt.Sprintf("%s is %s", j.fn.Name, j.out.Status)}
	}
	return nil
}

// blocker is the gravest cause among the functions, or nil.
func blocker(jobs []*job) *cause {
	for _, status := range []Status{Failed, Superseded, Held} {
		for _, j := range jobs {
			if j.out.Status == status {
				return j.because()
			}
		}
	}
	return nil
}

// standDown ends those that were ready but share the fate of what was not.
func standDown(jobs []*job, why cause) {
	for _, j := range jobs {
		if j.out.Status == "" {
			j.shareFate(why, "not moved")
		}
	}
}

// shareFate ends a function whose alias stays, or is again, where it was. One
// that has an error of its own keeps it.
func (j *job) shareFate(why cause, what string) {
	j.out.Status = Skipped
	if why.status == Failed {
		j.out.Status = Failed
	}
	j.out.Reason = what + ", since " + why.what
}

const (
	undoTime       = 30 * time.Second
	undoPerAlias   = time.Second / 5
	undoWhenTimeUp = 4 * time.Second
)

// undoContext is the undo's own: the job may be over already. Then the undo
// gets 4 seconds, which at the shared rate is enough for 50 aliases.
func undoContext(ctx context.Context, aliases int) (context.Context, context.CancelFunc) {
	undo, cancel := awsapi.WrapUp(ctx, undoTime+time.Duration(aliases)*undoPerAlias)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(undoWhenTimeUp, cancel) })
	return undo, func() { stop(); cancel() }
}

// undo puts an alias that this run has moved back to where it was, provided
// that it still is where this run has put it.
func (j *job) undo(ctx context.Context, why cause) {
	var err error
	if j.prior.exists() {
		err = j.putBack(ctx, why)
	} else {
		err = j.takeAway(ctx)
	}
	if err == nil {
		j.out.After, j.out.Displaced = j.prior.Position, false
		what := "put back to " + j.prior.Position.String()
		if !j.prior.exists() {
			what = "deleted again"
		}
		j.shareFate(why, what)
		j.fact("%s: %s", j.out.Alias, what)
		return
	}
	j.out.Displaced = true
	j.out.Reason = fmt.Sprintf("%s is at %s and was at %s", j.out.Alias, j.out.After, j.prior.Position)
	if j.out.After.Unknown {
		j.out.Reason = fmt.Sprintf("%s was put to %s, and may be there or at %s again: AWS does not tell", j.out.Alias, j.moved.Position, j.prior.Position)
	}
	what := fmt.Sprintf("put %s of %s back, since %s", j.out.Alias, j.fn.Name, why.what)
	if awsapi.Is(err, awsapi.Stale) {
		j.fail(fmt.Errorf("%s: someone else has moved it to %s since, and it is left there", what, j.out.After))
		return
	}
	j.fail(fmt.Errorf("%s: %w", what, err))
	j.out.Hint = strings.TrimSpace(j.out.Hint + "\n" + j.repair())
}

// repair is how a person puts the alias back by hand.
func (j *job) repair() string {
	if !j.prior.exists() {
		return fmt.Sprintf("To take it away: aws lambda delete-alias --function-name %s --name %s", j.fn.Name, j.out.Alias)
	}
	return fmt.Sprintf("To put it back: aws lambda update-alias --function-name %s --name %s --function-version '%s' --routing-config 'AdditionalVersionWeights={}'",
		j.fn.Name, j.out.Alias, j.prior.Version)
}

func (j *job) putBack(ctx context.Context, why cause) error {
	was := awsapi.Alias{
		Name: j.out.Alias, Version: j.prior.Version.String(), Revision: j.moved.revision,
		Description: j.prior.description, Weights: j.prior.weights(),
	}
	if why.sick {
		was.Description = Describe(j.prior.text, j.prior.marked().RolledBack(j.prior.Version, j.out.Version, why.run))
	}
	// A share of 1 is AWS's own doing in a gradual move, not anybody's canary.
	maps.DeleteFunc(was.Weights, func(_ string, share float64) bool { return share == 1 })
	for {
		_, err := j.write(ctx, was)
		if err == nil {
			return nil
		}
		back, lookErr := j.lookFor(ctx, was, false)
		switch {
		case lookErr != nil:
			j.out.After = Position{Unknown: true}
			return err
		case back:
			return nil
		case !awsapi.Is(err, awsapi.Stale) || !j.landedLate() || j.seen.revision == was.Revision:
			return err
		}
		was.Revision = j.seen.revision
	}
}

// landedLate tells whether the alias is where a write of this run's has put it
// that was never answered.
func (j *job) landedLate() bool {
	return j.run != 0 && j.seen.mark.Run == j.run && (j.seen.Version == j.out.Version || j.seen.mark.ShiftTo == j.out.Version)
}

// takeAway deletes an alias that this run has created. DeleteAlias knows no
// revision, so the alias is looked at right before; GetFunction does that on
// its own, larger rate, which keeps the undo of many within its time.
func (j *job) takeAway(ctx context.Context) error {
	now, err := j.r.AWS.Configuration(ctx, j.fn, j.out.Alias)
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return nil
	case err != nil:
		return err
	case now.Version != j.moved.Version.String():
		return fmt.Errorf("someone else has moved it to %s since", now.Version)
	}
	return j.r.AWS.DeleteAlias(ctx, j.fn, j.out.Alias)
}
