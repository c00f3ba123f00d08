package layout

import (
	"regexp"
	"strings"
	"testing"
)

// TestDockerfile checks the Dockerfile without a registry. .ci/run runs its build
// line.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	stages := strings.Split(instructions(read(t, "Dockerfile")), "\nFROM ")
	if len(stages) != 3 {
		t.Fatalf("%d stages, want 2: the build, and the image", len(stages)-1)
	}
	build, image := stages[1]+"\n", stages[2]

	if !regexp.MustCompile(`golang:\d+\.\d+\S* AS build\n`).MatchString(build) {
		t.Error("the builder is not pinned to a release of Go")
	}
	if n := len(buildLine.FindAllString(build, -1)); n != 1 {
		t.Errorf("%d lines build the program statically, want 1, as .ci/run expects it", n)
	}
	if !strings.HasPrefix(image, "scratch\n") {
		t.Error("the image is not FROM scratch")
	}
	for _, line := range []string{
		"COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
		"COPY --from=build /out/lambda-release /lambda-release",
		`ENTRYPOINT ["/lambda-release"]`, // exec form: the program is PID 1
	} {
		if !strings.Contains(image, "\n"+line+"\n") {
			t.Errorf("the image lacks %s", line)
		}
	}
	for _, never := range []string{"USER", "CMD", "RUN", "WORKDIR"} {
		if strings.Contains(image, "\n"+never+" ") {
			t.Errorf("the image has the instruction %s", never)
		}
	}
}

var buildLine = regexp.MustCompile(`CGO_ENABLED=0 GOOS=\$TARGETOS GOARCH=\$TARGETARCH go build .*-o /out/lambda-release \.\n`)

// instructions returns a Dockerfile without comments, one instruction a line.
func instructions(dockerfile string) string {
	var b strings.Builder
	b.WriteString("\n")
	for line := range strings.Lines(dockerfile) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			b.WriteString(text + "\n")
		}
	}
	return strings.ReplaceAll(b.String(), "\\\n", "")
}
