package rollout

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// Deployment is a shift that CodeDeploy is to make.
type Deployment struct {
	Application, Group string
	Config             string // full name of a deployment configuration; "" = the group's own
	Function           string // its short name
	Alias              string
	Current, Target    string // versions: where the alias is, and is to go
	Description        string
}

func (d Deployment) group() awsapi.DeploymentGroup {
	return awsapi.DeploymentGroup{Application: d.Application, Name: d.Group}
}

// AppSpec tells CodeDeploy what to do.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html#reference-appspec-file-structure-resources-lambda
func (d Deployment) AppSpec() string {
	type properties struct{ Name, Alias, CurrentVersion, TargetVersion string }
	type resource struct {
		Type       string
		Properties properties
	}
	spec, _ := json.Marshal(struct {
		Version   json.RawMessage       `json:"version"`
		Resources []map[string]resource `json:"Resources"`
	}{
		json.RawMessage("0.0"), // the only one, to the letter
		[]map[string]resource{{d.Function: {"AWS::Lambda::Function", properties{d.Function, d.Alias, d.Current, d.Target}}}},
	})
	return string(spec)
}

const (
	creations  = 3                // attempts at a deployment whose answers are lost
	finds      = 5                // searches for it after each: a lost request may be carried out late
	clockSkew  = 15 * time.Minute // between AWS's clock and this machine's
	stampChars = 6
)

// UnsureError says that CodeDeploy may or may not have begun a deployment:
// neither its answer nor the group's deployments show it.
type UnsureError struct {
	Group       awsapi.DeploymentGroup
	Description string // that identifies it
	Err         error
}

func (e *UnsureError) Error() string {
	return fmt.Sprintf("it is not known whether CodeDeploy has begun a deployment of %s with the description %q: %v", e.Group, e.Description, e.Err)
}

func (e *UnsureError) Unwrap() error { return e.Err }

// Hint says how to find out.
func (e *UnsureError) Hint() string {
	return fmt.Sprintf("Look at the deployments of %s in CodeDeploy: one with this description is this run's, and shifts the alias.", e.Group)
}

// Create begins a deployment and returns its id. CreateDeployment may do its
// work and its answer be lost, and nothing in it makes a second one harmless.
// So the description gets a stamp, and what was not answered is looked for by
// it, also when ctx has ended meanwhile, before it is tried again. If that
// does not show it either, the error is an *UnsureError.
func Create(ctx context.Context, aws *awsapi.Client, d Deployment) (id string, err error) {
	description := strings.TrimSpace(d.Description + " " + strings.ToLower(rand.Text()[:stampChars]))
	request := awsapi.DeploymentRequest{Group: d.group(), Config: d.Config, Description: description, AppSpec: d.AppSpec()}
	since := time.Now().Add(-clockSkew)
	lost := false
	for attempt := 1; ; attempt++ {
		id, err = aws.CreateDeployment(ctx, request)
		if err == nil {
			return id, nil
		}
		// After a lost answer the group may be busy with this very deployment.
		var busy *awsapi.ActiveError
		if awsapi.EffectOf(err) <= awsapi.Rejected && (!lost || !errors.As(err, &busy)) {
			if lost {
				return "", &UnsureError{request.Group, description, err}
			}
			return "", err
		}
		lost = true
		found, findErr := find(ctx, aws, request, since)
		switch {
		case findErr != nil:
			return "", &UnsureError{request.Group, description, errors.Join(err, findErr)}
		case found != "":
			return found, nil
		case busy != nil:
			return "", err // it is another run's
		case attempt == creations || ctx.Err() != nil:
			return "", &UnsureError{request.Group, description, err}
		}
	}
}

// find searches for a deployment by its description, "" if there is none. When
// ctx has ended it searches once, in a short time of its own.
func find(ctx context.Context, aws *awsapi.Client, r awsapi.DeploymentRequest, since time.Time) (string, error) {
	var pace awsapi.Backoff
	others := map[string]bool{}
	for n := 1; ; n++ {
		ended := ctx.Err() != nil
		before := len(others)
		id, err := findOnce(ctx, aws, r, since, others)
		if id != "" || ended || n == finds || err != nil && !awsapi.Is(err, awsapi.NotFound) {
			return id, err
		}
		_ = pace.Wait(ctx, 1+len(others)-before) // when ctx ends, one search is left
	}
}

// findOnce reads the deployments that are not known to be others.
func findOnce(ctx context.Context, aws *awsapi.Client, r awsapi.DeploymentRequest, since time.Time, others map[string]bool) (string, error) {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	ids, err := aws.Deployments(ctx, r.Group, since)
	if err != nil {
		return "", err
	}
	var notYet error
	for _, id := range ids {
		if others[id] {
			continue
		}
		d, err := aws.Deployment(ctx, id)
		switch {
		case awsapi.Is(err, awsapi.NotFound): // it may be the one, and so new that it cannot be read yet
			notYet = err
			continue
		case err != nil:
			return "", err
		case d.Description == r.Description:
			return id, nil
		}
		others[id] = true
	}
	return "", notYet
}

const (
	// silenceTime is how long a deployment is followed without an answer. It goes
	// on meanwhile, so there is no reason to give up early.
	silenceTime = 5 * time.Minute
	// newTime is how long a new deployment may not be found.
	newTime = 30 * time.Second
	// rollbackTime is how long after a deployment's end its rollback may take to
	// have an id.
	rollbackTime = 20 * time.Second
	// factPeriod is the longest time between two lines in the log.
	factPeriod = 5 * time.Minute

	pending = "Pending" // of a lifecycle event
)

// Ended is how a deployment ended, or as far as it is known.
type Ended struct {
	ID           string
	Status       string // Succeeded, Failed or Stopped, unless following it has failed
	ErrorCode    string // of a deployment that has not succeeded
	ErrorMessage string
	RollbackID   string // the deployment that rolls it back, "" if there is none
}

// Succeeded reports whether the deployment did what it was made for.
func (e Ended) Succeeded() bool { return e.Status == awsapi.DeploymentSucceeded }

// Follow waits until a deployment has ended, and reports what it does. The error
// is about following: ctx's, or of a read that failed for good or for 5
// minutes. A deployment that failed is no error but what Ended says; if
// CodeDeploy rolls it back, that is the deployment RollbackID, to be followed
// likewise.
func Follow(ctx context.Context, aws *awsapi.Client, id string, fact func(text string)) (Ended, error) {
	now := time.Now()
	f := follower{aws: aws, fact: fact, ended: Ended{ID: id}, began: now, heard: now, reported: now, events: map[string]string{}}
	var pace awsapi.Backoff
	for {
		f.calls = 1
		bound := f.bound(ctx)
		over, err := f.look(bound)
		if over || err != nil {
			return f.ended, err
		}
		if err := pace.Wait(bound, f.calls); err != nil {
			return f.ended, err
		}
	}
}

// Why is what CodeDeploy says of a deployment that has not succeeded.
func (e Ended) Why() string {
	switch {
	case e.ErrorCode == "":
		return e.ErrorMessage
	case e.ErrorMessage == "":
		return e.ErrorCode
	}
	return e.ErrorMessage + " (" + e.ErrorCode + ")"
}

// follower is what is known of a deployment that is followed.
type follower struct {
	aws  *awsapi.Client
	fact func(text string)

	ended         Ended
	calls         int // of the last look
	began         time.Time
	heard         time.Time // when it was last read
	reported      time.Time // when anything was last reported
	over          time.Time // when it was first seen to have ended
	targets       []string
	targetsDenied bool              // its targets may not be read
	events        map[string]string // statuses that were reported
	traffic       string            // what was reported of it
}

// bound is the context of a look: the deployment's own time does not count against
// the job's timeout.
func (f *follower) bound(ctx context.Context) context.Context {
	if f.ended.Status == awsapi.DeploymentInProgress {
		return awsapi.WithoutTimeout(ctx)
	}
	return ctx
}

func (f *follower) say(format string, args ...any) {
	f.fact(fmt.Sprintf(format, args...))
	f.reported = time.Now()
}

// look reads the deployment once; over says that there is nothing more to see.
func (f *follower) look(ctx context.Context) (over bool, err error) {
	d, err := f.aws.Deployment(ctx, f.ended.ID)
	now := time.Now()
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return false, ctx.Err()
	case mayPass(err) && now.Sub(f.heard) < silenceTime, awsapi.Is(err, awsapi.NotFound) && now.Sub(f.began) < newTime:
		return false, nil
	default:
		return false, err
	}
	f.heard = now
	if d.Status != f.ended.Status {
		f.ended.Status = d.Status
		f.say("deployment %s is %s", f.ended.ID, d.Status)
	}
	if f.over.IsZero() { // otherwise only the rollback's id is awaited
		f.lookAtTargets(ctx, HasEnded(d))
	}
	if now.Sub(f.reported) >= factPeriod {
		f.say("deployment %s is still %s, after %s", f.ended.ID, d.Status, Duration(now.Sub(f.began).Round(time.Second)))
	}
	if !HasEnded(d) {
		return false, nil
	}
	f.ended.RollbackID = d.RollbackID
	if d.Status == awsapi.DeploymentSucceeded {
		return true, nil
	}
	f.ended.ErrorCode, f.ended.ErrorMessage = d.ErrorCode, d.ErrorMessage
	if f.ended.ErrorMessage == "" {
		f.ended.ErrorMessage = strings.Join(d.Messages, "; ")
	}
	if f.over.IsZero() {
		f.over = now
	}
	return d.RollbackID != "" || !rollsBack(d) || now.Sub(f.over) >= rollbackTime, nil
}

// lookAtTargets reports what has changed in what the deployment does. If that
// cannot be read, the deployment is followed without it.
func (f *follower) lookAtTargets(ctx context.Context, ended bool) {
	if f.targetsDenied {
		return
	}
	targets, err := f.readTargets(ctx, ended)
	if awsapi.Is(err, awsapi.Denied) {
		f.targetsDenied = true
		f.say("what the deployment does cannot be shown: %v", err)
	}
	for _, t := range targets {
		for _, e := range t.Events {
			if e.Status == f.events[e.Name] || e.Status == pending {
				continue
			}
			f.events[e.Name] = e.Status
			if e.Diagnostics != "" {
				f.say("%s: %s: %s", e.Name, e.Status, e.Diagnostics)
			} else {
				f.say("%s: %s", e.Name, e.Status)
			}
		}
		// The API's reference calls the weight a percentage. 1 and less is a share.
		weight := t.Weight
		if weight <= 1 {
			weight *= 100
		}
		if traffic := fmt.Sprintf("%.3g %% of the traffic of %s goes to version %s", weight, t.Alias, t.Target); weight > 0 && traffic != f.traffic {
			f.traffic = traffic
			f.say("%s", traffic)
		}
	}
}

// readTargets reads the targets. Their ids take a call, so the targets are read
// only at the next look, unless the deployment has ended and this is the last one.
func (f *follower) readTargets(ctx context.Context, ended bool) ([]awsapi.DeploymentTarget, error) {
	if len(f.targets) == 0 {
		f.calls++
		ids, err := f.aws.DeploymentTargetIDs(ctx, f.ended.ID)
		if err != nil || len(ids) == 0 {
			return nil, err // it has not begun
		}
		f.targets = ids
		if !ended {
			return nil, nil
		}
	}
	f.calls++
	return f.aws.DeploymentTargets(ctx, f.ended.ID, f.targets)
}

// HasEnded reports whether a deployment does nothing more.
func HasEnded(d awsapi.Deployment) bool {
	return slices.Contains([]string{awsapi.DeploymentSucceeded, awsapi.DeploymentFailed, awsapi.DeploymentStopped}, d.Status)
}

// rollsBack reports whether CodeDeploy means to roll back what has ended so.
func rollsBack(d awsapi.Deployment) bool {
	after := []string{awsapi.AfterFailure}
	if d.Status == awsapi.DeploymentStopped {
		after = []string{awsapi.AfterAlarm, awsapi.AfterRequest}
	}
	return slices.ContainsFunc(after, func(event string) bool { return slices.Contains(d.RollsBackAfter, event) })
}

// stopPauses are those between the reads after a stop: after the job's end there
// is little time. As with a Backoff, the first four calls come within two seconds.
var stopPauses = []time.Duration{300 * time.Millisecond, 700 * time.Millisecond, 2 * time.Second}

// Stopped is the result of asking a deployment to stop.
type Stopped struct {
	Answer     string // what AWS said to it, "" if the deployment had ended before
	Status     string // of the deployment, as far as it is known
	RollbackID string // the deployment that takes it back, "" if none is known
}

// Stop asks a deployment to stop and to roll back. CodeDeploy takes its time
// for that, and the rollback is a deployment of its own: for at most 3 seconds
// Stop waits for its id. That ctx ends meanwhile is no error.
func Stop(ctx context.Context, aws *awsapi.Client, id string) (Stopped, error) {
	var s Stopped
	status, message, err := aws.StopDeployment(ctx, id)
	switch {
	case awsapi.Is(err, awsapi.Conflict):
	case err != nil:
		return s, err
	default:
		s.Answer = strings.TrimPrefix(status+": "+message, ": ")
	}
	for n := 0; ; n++ {
		if d, err := aws.Deployment(ctx, id); err == nil {
			s.Status, s.RollbackID = d.Status, d.RollbackID
			if d.RollbackID != "" || d.Status == awsapi.DeploymentSucceeded || s.Answer == "" && !rollsBack(d) {
				return s, nil
			}
		}
		if n == len(stopPauses) || ctx.Err() != nil {
			return s, nil //nolint:nilerr // it was asked to stop; how far it is, is only useful to know
		}
		_ = awsapi.Sleep(ctx, stopPauses[n]) // when ctx ends, one more read fails at once
	}
}

// ConsoleURL is the page of a deployment in the console, "" for a partition
// that has no public one.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func ConsoleURL(region, id string) string {
	host := "console.aws.amazon.com"
	switch {
	case region == "" || strings.Contains(region, "-iso") || strings.HasPrefix(region, "eusc-"):
		return ""
	case strings.HasPrefix(region, "cn-"):
		host = "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		host = "console.amazonaws-us-gov.com"
	}
	return fmt.Sprintf("https://%s/codesuite/codedeploy/deployments/%s?region=%s", host, url.PathEscape(id), url.QueryEscape(region))
}
