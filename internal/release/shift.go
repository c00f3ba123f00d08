package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/traffic"
)

// Rollout says how the traffic goes over to a version. The zero Rollout is all
// at once, watched by nobody.
type Rollout struct {
	Strategy traffic.Strategy
	Bake     time.Duration // how long the version is watched when it has all the traffic
	Health   traffic.Health
}

// Duration is how long the rollout takes when nothing goes wrong.
func (o Rollout) Duration() time.Duration { return o.Strategy.Duration() + o.Bake }

const (
	// maxFixed is how long a rollout may be on credentials that end within the
	// hour and that nothing renews.
	maxFixed = 45 * time.Minute
	// shiftSlack is what the writes of a shift may take beside its pauses.
	shiftSlack = 5 * time.Minute
)

// watcher checks a rollout before anything is published.
func (r *Releaser) watcher(ctx context.Context, req Request) (w *traffic.Watcher, warnings []string, err error) {
	if total := req.Rollout.Duration(); total > maxFixed && !r.AWS.Renewable() {
		return nil, nil, fmt.Errorf("the rollout takes %s and the credentials cannot be renewed: let the action assume the role itself with "+
			"`role-to-assume`, or let AWS hold the shift with `codedeploy`", total)
	}
	w = traffic.NewWatcher(r.AWS, req.Rollout.Health, func(text string) { r.Progress.Fact("", text) })
	warnings, err = w.Begin(ctx)
	return w, warnings, err
}

// rollOut moves the traffic of all functions over, in step, and returns why it
// must go back, if it must.
func (r *Releaser) rollOut(ctx context.Context, req Request, watch *traffic.Watcher, jobs []*job) *cause {
	o := req.Rollout
	begun := time.Now()
	if steps := o.Strategy.Steps(); len(steps) > 0 {
		shifted := shiftable(jobs)
		until := begun.Add(o.Strategy.Duration() + shiftSlack)
		for i, step := range steps {
			if len(shifted) == 0 {
				break
			}
			each(shifted, func(j *job) {
				if err := j.weigh(ctx, step.Percent, until); err != nil {
					j.fail(err)
				}
			})
			if why := blocker(shifted); why != nil {
				return why
			}
			r.tellStep(o.Strategy, i, begun)
			if err := watch.Watch(ctx, served(shifted), begun, step.Hold); err != nil {
				return r.sick(req, jobs, err)
			}
		}
	}
	each(jobs, func(j *job) {
		if err := j.move(ctx); err != nil {
			j.fail(err)
		}
	})
	if why := blocker(jobs); why != nil || o.Bake == 0 {
		return why
	}
	r.Progress.Fact("", fmt.Sprintf("%s  100 %%, watched for %s more", bar(100), o.Bake))
	if err := watch.Watch(ctx, alone(jobs, time.Now()), begun, o.Bake); err != nil {
		return r.sick(req, jobs, err)
	}
	return nil
}

// shiftable are the functions whose alias has something to shift from.
func shiftable(jobs []*job) []*job {
	var some []*job
	for _, j := range jobs {
		switch {
		case !j.seen.exists():
			j.fact("%s does not exist yet: there is nothing to shift from, it is created at once", j.out.Alias)
		case j.seen.Version != j.out.Version:
			some = append(some, j)
		}
	}
	return some
}

// weigh gives the new version its share of the traffic.
func (j *job) weigh(ctx context.Context, share int, until time.Time) error {
	d, err := j.swap(ctx, func(decision) awsapi.Alias {
		from := j.seen
		mark := from.marked()
		mark.ShiftTo, mark.Until, mark.Run = j.out.Version, wholeMinute(until), j.run
		return awsapi.Alias{
			Name: j.out.Alias, Version: from.Version.String(), Revision: from.revision,
			Weights:     map[string]float64{j.out.Version.String(): float64(share) / 100},
			Description: Describe(from.text, mark),
		}
	})
	if err == nil && d.want == nil {
		j.end(d)
	}
	return err
}

// sick ends all functions of a rollout that was cancelled or found unfit: one
// of them has the error, the others share its fate.
func (r *Releaser) sick(req Request, jobs []*job, err error) *cause {
	if errors.Is(err, context.Canceled) {
		err = &awsapi.Error{Action: awsapi.Action{Op: "shift"}, Kind: awsapi.Cancelled, Err: err}
	}
	why := &cause{status: Failed, what: err.Error(), run: req.Run.ID}
	var unfit *traffic.SickError
	why.sick = errors.As(err, &unfit)
	for i, j := range jobs {
		j.out.Status, j.out.Reason = Failed, ""
		if i == 0 {
			j.fail(fmt.Errorf("roll out to %s: %w", req.Alias, err))
			if why.sick {
				j.out.Hint = "The version stays back until something newer is published. If it was not to blame, `operation: promote` with its number releases it all the same."
			}
		}
	}
	return why
}

// served are the versions whose health is judged.
func served(jobs []*job) []traffic.Served {
	var all []traffic.Served
	for _, j := range jobs {
		all = append(all, traffic.Served{Function: j.fn.Name, Alias: j.out.Alias, Version: j.out.Version.String()})
	}
	return all
}

// alone is served for versions that got all of the traffic just now.
func alone(jobs []*job, now time.Time) []traffic.Served {
	all := served(jobs)
	for i := range all {
		all[i].Alone = now
	}
	return all
}

// tellStep is a line a step: how far, and what is next.
func (r *Releaser) tellStep(s traffic.Strategy, i int, begun time.Time) {
	steps := s.Steps()
	next := 100
	if i+1 < len(steps) {
		next = steps[i+1].Percent
	}
	r.Progress.Fact("", fmt.Sprintf("%s  %d %% after %s of %s; %d %% in %s", bar(steps[i].Percent), steps[i].Percent,
		time.Since(begun).Round(time.Second), s.Duration(), next, steps[i].Hold))
}

func bar(percent int) string {
	const width = 20
	full := percent * width / 100
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// wholeMinute rounds up to what a mark can say.
func wholeMinute(t time.Time) time.Time {
	return t.UTC().Add(time.Minute - 1).Truncate(time.Minute)
}

// sight is the alias for a decision: the weights of this run's own shift are
// not in its way.
func (j *job) sight() state {
	s := j.seen
	if j.moved != nil && s.revision == j.moved.revision {
		s.Weights = nil
	}
	return s
}

// checkShiftable finds out before anything is moved whether AWS will let two
// versions share the alias (facts A10, A11).
func (j *job) checkShiftable(ctx context.Context, to awsapi.Configuration) error {
	if !j.seen.exists() || j.seen.Version == j.out.Version {
		return nil
	}
	allAtOnce := "`strategy: AllAtOnce` moves it"
	if j.seen.Version == Latest || j.out.Version == Latest {
		return fmt.Errorf("shift %s of %s from %s to %s: $LATEST cannot share an alias: %s", j.out.Alias, j.fn.Name, j.seen.Version, j.out.Version, allAtOnce)
	}
	from, err := j.r.AWS.Configuration(ctx, j.fn, j.seen.Version.String())
	if err != nil {
		return err
	}
	for _, c := range []struct{ what, from, to string }{
		{"execution role", from.Role, to.Role},
		{"dead-letter target", from.DeadLetter, to.DeadLetter},
	} {
		if c.from != c.to {
			return fmt.Errorf("shift %s of %s from %s to %s: AWS does not let versions share an alias that differ in their %s (%s, %s): %s",
				j.out.Alias, j.fn.Name, j.seen.Version, j.out.Version, c.what, orNone(c.from), orNone(c.to), allAtOnce)
		}
	}
	return nil
}
