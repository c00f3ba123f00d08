package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"lambda-release/internal/conformance"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

var roleARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`)

// checkAWS checks the flags that are for an AWS account. Nothing is done in one unless
// both role and region are given.
func checkAWS(inAWS, sweep, others bool, role, region string) error {
	switch {
	case !inAWS && (sweep || role != "" || region != ""):
		return errors.New("-sweep, -role and -region need -aws")
	case inAWS && others:
		return errors.New("-aws goes with neither -serve nor -html")
	case inAWS && !roleARN.MatchString(role):
		return fmt.Errorf("-aws needs -role with the ARN of a role, not %q", role)
	case inAWS && region == "":
		return errors.New("-aws needs -region")
	}
	return nil
}

// runInAWS runs the story in an AWS account, with the credentials of the environment; or
// only removes what earlier runs have left.
func runInAWS(ctx context.Context, role, region string, sweep bool) error {
	c, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return err
	}
	if sweep {
		removed, err := conformance.New(c, role).Sweep(ctx)
		fmt.Printf("%d left by earlier runs\n", len(removed))
		for _, what := range removed {
			fmt.Println("removed", what)
		}
		return err
	}
	env := func(name string) string {
		if name == "AWS_REGION" {
			return region
		}
		return os.Getenv(name)
	}
	return check(ctx, c, role, env, os.Stdout)
}

// check runs the story and the observations of package conformance in an AWS account,
// and removes what they have created. The story ends at its first job that does not end
// as expected; the observations are made all the same.
func check(ctx context.Context, c aws.Config, role string, env func(string) string, out io.Writer) error {
	account := conformance.New(c, role)
	name := conformance.Prefix + strings.ToLower(rand.Text()[:12])
	err := inAccount(ctx, account, name, env, &full{out, name})
	if err != nil {
		err = fmt.Errorf("the story: %w", err)
	}

	all, failed := account.Observe(ctx, name+"-facts")
	fmt.Fprintf(out, "\n### How this account behaves\n\n%s\n", conformance.Differences(all))
	if failed != nil {
		fmt.Fprint(out, "These are not all observations: the next one failed.\n\n")
	}
	for _, o := range all {
		if o.Differs() && failed == nil {
			failed = errors.New("this account behaves differently from what was recorded")
		}
	}
	return errors.Join(err, failed)
}

// inAccount runs the story on a function that it creates and removes.
func inAccount(ctx context.Context, account *conformance.Account, name string, env func(string) string, show shower) (err error) {
	defer func() { err = errors.Join(err, account.Remove(ctx, name)) }()
	return runStory(ctx, nil, place{
		account:  live{account, name},
		function: name,
		env:      env,
		// An alarm is set, and seen, more slowly than in memory.
		renames: strings.NewReplacer(alarm, name, "Percent1Second", "Percent30Seconds"),
		poll:    time.Second,
		young:   true,
	}, show)
}

// live is a function of an AWS account, and an alarm of the same name.
type live struct {
	*conformance.Account

	name string
}

func (l live) create(ctx context.Context) error { return l.Create(ctx, l.name) }

func (l live) upload(ctx context.Context, code string) error { return l.Upload(ctx, l.name, code) }

func (l live) publish(ctx context.Context) error {
	return l.Publish(ctx, l.name, "published by hand")
}

func (l live) age(time.Duration) {} // place.young: AWS has no such thing

func (l live) setAlarm(ctx context.Context, state, reason string) error {
	return l.SetAlarm(ctx, l.name, state, reason)
}

func (l live) alias(ctx context.Context, name string) (version string, weighted bool, err error) {
	return l.Alias(ctx, l.name, name)
}
