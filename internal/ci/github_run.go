package ci

import (
	"errors"
	"fmt"
	"strconv"
)

// readRun fills RunID and Attempt. Without a GITHUB_RUN_ID this is not a run of
// GitHub Actions, and both stay zero.
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func (e *Event) readRun(getenv func(string) string) error {
	id := getenv("GITHUB_RUN_ID")
	if id == "" {
		return nil
	}
	e.Server = getenv("GITHUB_SERVER_URL")
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
	return errors.Join(errID, errAttempt)
}
