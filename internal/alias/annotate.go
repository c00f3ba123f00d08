package alias

import (
	"context"
	"fmt"

	"lambda-release/internal/awsapi"
)

// annotations is how often a note is tried.
const annotations = 4

// Annotate writes the history of an alias that CodeDeploy shifts at the same time:
// version, weights and lock are left as they are.
func (e *Editor) Annotate(ctx context.Context, h History) error {
	var pace awsapi.Backoff
	for attempt := 1; ; attempt++ {
		from := e.current
		if e.annotation = Describe(from.Text, h.withLock(from.History.Lock)); from.description == e.annotation {
			return nil // it was written, and the answer was lost
		}
		a, err := e.aws.DescribeAlias(ctx, e.fn, e.name, e.annotation, from.revision)
		if err == nil {
			after, err := Parse(a)
			if err != nil {
				return err
			}
			e.recordWrite(from, after)
			return nil
		}
		if !awsapi.Is(err, awsapi.Stale) && !awsapi.Is(err, awsapi.Conflict) || attempt == annotations || pace.Wait(ctx, 2) != nil {
			return err
		}
		if awsapi.Is(err, awsapi.Stale) {
			e.outdated[from.revision] = true
		}
		if err := e.Adopt(ctx); err != nil {
			return err
		}
	}
}

// Adopt reads the alias and takes what is there for this run's own write:
// CodeDeploy has made it for this run. The description shows that: CodeDeploy
// leaves it as it is.
func (e *Editor) Adopt(ctx context.Context) error {
	if err := e.Read(ctx); err != nil {
		return err
	}
	if e.written == nil || !e.noted() {
		return e.recordLoss()
	}
	e.recordWrite(e.original, e.current)
	return nil
}

// noted reports whether the history is the one that this run has written last, or
// has sent last to be noted. That the alias was locked since makes no difference.
func (e *Editor) noted() bool {
	_, sent := ReadDescription(e.annotation)
	now := e.current.History.withLock(Lock{}).String()
	return now == e.written.History.withLock(Lock{}).String() || e.annotation != "" && now == sent.withLock(Lock{}).String()
}

// HandOver notes that something else may be moving the alias by now. This run
// undoes nothing, and no longer knows where the alias is.
func (e *Editor) HandOver(why string) {
	e.written = nil
	e.recordDoubt(fmt.Sprintf("%s %s; %s", e.name, e.original.Was(), why))
}
