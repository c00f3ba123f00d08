package input

import (
	"regexp"
	"strconv"
	"time"

	"lambda-release/internal/function"
)

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
var (
	rolePattern    = regexp.MustCompile(`^arn:` + function.PartitionPattern + `:iam::` + function.AccountPattern + `:role/[\w+=,.@/-]{1,576}$`)
	sessionPattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

const (
	minSession = 900 // seconds
	maxSession = 43200
)

func parseRole(in *Input, value string) Problems {
	if !rolePattern.MatchString(value) {
		return bad("not the ARN of a role")
	}
	in.Role = value
	return nil
}

func parseSessionName(in *Input, value string) Problems {
	if !sessionPattern.MatchString(value) {
		return bad("not a name for a session")
	}
	in.SessionName = value
	return nil
}

func parseSessionSeconds(in *Input, value string) Problems {
	n, err := strconv.Atoi(value)
	if err != nil || n < minSession || n > maxSession {
		return bad("not a whole number from 900 to 43200")
	}
	in.SessionTime = time.Duration(n) * time.Second
	return nil
}
