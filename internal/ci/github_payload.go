package ci

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxPayload is the largest payload that is read. GitHub sends at most 25 MB:
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
const maxPayload = 32 << 20

// payload is the part of the event's payload that is needed.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
type payload struct {
	Action      string      `json:"action"`
	Deleted     bool        `json:"deleted"`
	Repository  repository  `json:"repository"`
	PullRequest pullRequest `json:"pull_request"`
	WorkflowRun workflowRun `json:"workflow_run"`

	Issue struct {
		PullRequest json.RawMessage `json:"pull_request"` // only of a pull request
	} `json:"issue"`

	DeploymentStatus struct {
		State string `json:"state"`
	} `json:"deployment_status"`
}

type repository struct {
	FullName string `json:"full_name"`
}

type pullRequest struct {
	Number         int    `json:"number"`
	Merged         bool   `json:"merged"`
	MergeCommitSHA string `json:"merge_commit_sha"`
	Base           struct {
		Ref string `json:"ref"`
	} `json:"base"`
	Head *head `json:"head"`
}

type head struct {
	SHA  string     `json:"sha"`
	Repo repository `json:"repo"` // null if it was deleted
}

type workflowRun struct {
	Event          string     `json:"event"`
	HeadBranch     string     `json:"head_branch"`
	HeadSHA        string     `json:"head_sha"`
	HeadRepository repository `json:"head_repository"`
	Status         string     `json:"status"`
	Conclusion     string     `json:"conclusion"` // null until the run has finished
}

func (r repository) is(fullName string) bool {
	return fullName != "" && strings.EqualFold(r.FullName, fullName)
}

// readPayload reads the file at path. A value of an unexpected type is an error,
// but the rest of the payload is filled nevertheless.
func readPayload(path string) (payload, error) {
	if path == "" {
		return payload{}, errors.New("GITHUB_EVENT_PATH, the event's payload, is empty")
	}
	data, err := readFile(path)
	if err != nil {
		return payload{}, fmt.Errorf("read the event's payload: %w", err)
	}
	return parsePayload(data)
}

func parsePayload(data []byte) (payload, error) {
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("parse the event's payload: %w", err)
	}
	return p, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		// Reading a pipe or a device might never end.
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxPayload:
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxPayload>>20)
	}
	return os.ReadFile(path)
}
