package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/awsapi"
)

// DeleteAlias deletes the alias of every function: a preview that is no longer
// needed. One that is not there is deleted already. The caller has made sure
// that it is a preview.
func (r *Releaser) DeleteAlias(ctx context.Context, req Request) Result {
	start := time.Now()
	res, jobs := r.begin(req, "delete-alias", nil)
	r.Progress.Phase("Delete alias " + req.Alias)
	each(jobs, func(j *job) {
		if err := j.deleteAlias(ctx, req); err != nil {
			j.fail(err)
		}
	})
	tellOnce(res.Outcomes)
	res.Elapsed = time.Since(start)
	return res
}

func (j *job) deleteAlias(ctx context.Context, req Request) error {
	if err := j.readAlias(ctx); err != nil {
		return err
	}
	run := req.Run
	switch by := j.seen.mark.Run; {
	case !j.seen.exists():
		j.out.Status, j.out.Reason = Unchanged, "there is no such alias"
	case by > run.ID && run.ID != 0 && run.Attempt < 2:
		// The pull request was opened again before this job came to its turn.
		j.out.Status, j.out.Reason = Superseded, fmt.Sprintf("run %d, newer than this run %d, has moved it", by, run.ID)
	case req.DryRun:
		j.plan("delete %s, which is at %s", j.out.Alias, j.seen.Position)
		j.out.Status = Planned
	default:
		err := j.r.AWS.DeleteAlias(ctx, j.fn, j.out.Alias)
		if err != nil && awsapi.EffectOf(err) > awsapi.Rejected {
			if _, lookErr := j.lookFor(ctx, awsapi.Alias{}, false); lookErr != nil || j.seen.exists() {
				return err
			}
			err = nil
		}
		if err != nil {
			return err
		}
		j.out.Status, j.out.After = Deleted, Position{}
	}
	j.fact("%s: %s%s", j.out.Alias, j.out.Status, because(j.out.Reason))
	return nil
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
