package event

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
)

// fullName is what GitHub allows as owner/name of a repository.
var fullName = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)

// readRun fills RunID, Attempt and RunURL. Without a GITHUB_RUN_ID this is no
// run of GitHub Actions, and all three stay zero.
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func (e *Event) readRun(getenv func(string) string) error {
	id := getenv("GITHUB_RUN_ID")
	if id == "" {
		return nil
	}
	var errID, errAttempt error
	e.RunID, errID = strconv.ParseUint(id, 10, 64)
	if errID != nil || e.RunID == 0 {
		e.RunID = 0
		errID = fmt.Errorf("GITHUB_RUN_ID %.40q is not the number of a run", id)
	}
	e.Attempt = 1
	if attempt := getenv("GITHUB_RUN_ATTEMPT"); attempt != "" {
		e.Attempt, errAttempt = strconv.Atoi(attempt)
		if errAttempt != nil || e.Attempt < 1 {
			e.Attempt = 0
			errAttempt = fmt.Errorf("GITHUB_RUN_ATTEMPT %.40q is not a number from 1", attempt)
		}
	}
	if err := errors.Join(errID, errAttempt); err != nil {
		return err
	}
	e.RunURL = runURL(getenv("GITHUB_SERVER_URL"), getenv("GITHUB_REPOSITORY"), e.RunID, e.Attempt)
	return nil
}

// runURL is "" where server or repository is not what GitHub would set: better
// no link than a broken one.
func runURL(server, repository string, id uint64, attempt int) string {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || !fullName.MatchString(repository) {
		return ""
	}
	return u.JoinPath(repository, "actions", "runs", strconv.FormatUint(id, 10), "attempts", strconv.Itoa(attempt)).String()
}
