package ci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// azure is Azure Pipelines. BUILD_SOURCEBRANCH is a full ref; that of a pull request is
// refs/pull/NUMBER/merge, except for repositories of Bitbucket.
// https://learn.microsoft.com/azure/devops/pipelines/build/variables
type azure struct{ job }

func (azure) Name() string { return "Azure Pipelines" }

func (azure) Advice() Advice {
	const mapped = "map SYSTEM_ACCESSTOKEN into the step (`env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}`)"
	return Advice{
		NoCredentials: "Set --role-to-assume and " + mapped + ", or run the step as an AWSShellScript@1 task, whose service connection provides credentials.",
		Expired:       "Obtain them right before this step, or set --role-to-assume.",
		NoToken:       "To get one, " + mapped + ". Without --role-to-assume the credentials in the environment are used.",
		TokenFailed:   "See https://status.dev.azure.com for known incidents.",
	}
}

func (a azure) read() reading {
	var e Event
	e.Name = a.getenv("BUILD_REASON")
	collection, project, id := strings.TrimSuffix(a.getenv("SYSTEM_COLLECTIONURI"), "/"), a.getenv("SYSTEM_TEAMPROJECT"), a.variable("BUILD_BUILDID")
	// The builds of an organization are numbered together; the project only tells people
	// which one it was.
	scope := host(collection)
	if scope != "" && project != "" {
		scope += "/" + strings.Join(strings.Fields(project), "-")
	}
	err := e.readRun(id, scope, a.variable("SYSTEM_JOBATTEMPT"))
	if collection != "" && project != "" {
		e.RunURL = fmt.Sprintf("%s/%s/_build/results?buildId=%s", collection, strings.ReplaceAll(project, " ", "%20"), id.value)
	}
	commits := ""
	switch url := a.getenv("BUILD_REPOSITORY_URI"); a.getenv("BUILD_REPOSITORY_PROVIDER") {
	case "TfsGit", "GitHub":
		commits = strings.TrimSuffix(url, ".git") + "/commit/"
	}
	e.readCommit(a.getenv("BUILD_SOURCEVERSION"), commits)
	ref := a.readRef(&e)
	e.Foreign = e.Foreign || e.isPull() && !strings.EqualFold(a.getenv("SYSTEM_PULLREQUEST_ISFORK"), "false")
	return reading{Event: e, run: err, ref: ref}
}

func (a azure) readRef(e *Event) error {
	source, number := a.variable("BUILD_SOURCEBRANCH"), a.variable("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")
	if number.value == "" { // only for repositories of GitHub; the ID is another number there
		number = a.variable("SYSTEM_PULLREQUEST_PULLREQUESTID")
	}
	switch {
	case strings.HasPrefix(source.value, "refs/pull/"):
		return e.readRef(source)
	case number.value != "" || e.Name == "PullRequest":
		return e.readPull(number)
	case source.value == "":
		return noRef("BUILD_SOURCEBRANCH is empty")
	}
	return e.readRef(source)
}

// Audience is the same for whatever a token is for: the service takes none.
func (azure) Audience() string { return "api://AzureADTokenExchange" }

// Token requests a token of the pipeline.
// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create
func (a azure) Token(ctx context.Context, _ string) (string, error) {
	uri, access := a.getenv("SYSTEM_OIDCREQUESTURI"), a.getenv("SYSTEM_ACCESSTOKEN")
	switch {
	case uri == "":
		return "", fmt.Errorf("%w: SYSTEM_OIDCREQUESTURI is empty", ErrNoToken)
	case access == "":
		return "", fmt.Errorf("%w: SYSTEM_ACCESSTOKEN is empty", ErrNoToken)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri+"?api-version=7.1", http.NoBody)
	if err != nil {
		return "", errors.New("SYSTEM_OIDCREQUESTURI is not a URL")
	}
	req.Header.Set("Authorization", "Bearer "+access)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("request a token: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("request a token: Azure Pipelines answered %s", resp.Status)
	}
	var answer struct{ OIDCToken string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return "", fmt.Errorf("request a token: %w", err)
	}
	return answer.OIDCToken, nil
}

func (azure) LogOnStdout() bool { return true }

// A formatting command has no escapes: its text is the rest of the line.
// https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
func (azure) Group(name string) string { return "##[group]" + name + "\n" }

func (azure) EndGroup() string { return "##[endgroup]\n" }

// Annotate is an issue of the job; Azure Pipelines has none for notices.
func (azure) Annotate(a Annotation) (log string, whole bool) {
	if a.Level == Notice {
		return "", false
	}
	head := "task.logissue type=" + string(a.Level)
	if a.File != "" && a.Line > 0 {
		head += fmt.Sprintf(";sourcepath=%s;linenumber=%d;columnnumber=%d", escape.Replace(a.File), a.Line, a.Column)
	}
	return command(head, a.Title+": "+a.Text), true
}

func (azure) Mask(secret string) string { return command("task.setsecret", secret) }

// WriteOutputs sets variables that the step's outputs are, to later steps
// $(STEP.version), and to later jobs in dependencies.
func (azure) WriteOutputs(all []Output) (Written, error) {
	all, w := shortOnes(all)
	var b strings.Builder
	for _, o := range all {
		b.WriteString(command("task.setvariable variable="+o.Name+";isOutput=true", o.Value))
	}
	w.Log = b.String()
	return w, nil
}

// WriteSummary uploads a file of the agent's. In a container that is not the job's own,
// the agent's folder does not exist, and the agent could not read the file.
func (a azure) WriteSummary(_ Level, markdown string) (Written, error) {
	folder := a.getenv("AGENT_TEMPDIRECTORY")
	if folder == "" || !isFolder(folder) {
		return Written{Notices: []string{"The agent's folder AGENT_TEMPDIRECTORY is not available here, so the build has no summary of this job."}}, nil
	}
	f, err := os.CreateTemp(folder, "lambda-release-*.md")
	if err != nil {
		return Written{}, err
	}
	_, errWrite := f.WriteString(markdown)
	path, errPath := filepath.Abs(f.Name())
	if err := errors.Join(errWrite, f.Close(), errPath); err != nil {
		return Written{}, err
	}
	return Written{Log: command("task.uploadsummary", path)}, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// escape is for properties and data of a command: the agent decodes these five.
var escape = strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", "]", "%5D", ";", "%3B")

// command is a logging command. It begins with ##vso[, ends at the first ] and has its
// data behind that, up to the end of the line.
// https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Microsoft.VisualStudio.Services.Agent/Command.cs
func command(head, data string) string {
	return "##vso[" + head + "]" + escape.Replace(data) + "\n"
}
