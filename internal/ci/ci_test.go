package ci

import (
	"context"
	"strings"
	"testing"
)

func TestInCI(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]bool{
		"CI=true": true, "CI=1": true, "CI=": false, "GITLAB_CI=true": true, "BUILD_TAG=jenkins-orders-7": true,
		"BUILD_TAG=v1": false, "TF_BUILD=True": true, "CODEBUILD_BUILD_ID=x:1": true, "TERM=xterm": false,
	} {
		name, value, _ := strings.Cut(variable, "=")
		got := Detect(context.Background(), getenv(map[string]string{name: value}), nil).InCI()
		if got != want {
			t.Errorf("%s: %t", variable, got)
		}
	}
}
