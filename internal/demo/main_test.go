package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

// TestHint runs the commands that -serve prints, with the variables that it
// prints.
func TestHint(t *testing.T) {
	t.Parallel()
	cloud := localaws.New(localaws.Options{})
	err := run(t.Context(), "127.0.0.1:0", cloud, func(ctx context.Context, url string) error {
		prepare(cloud)
		text := fmt.Sprintf(hint, url, "")
		variables := regexp.MustCompile(`\b[A-Z_]+=\S+`).FindAllString(text, -1)
		commands := regexp.MustCompile(`(?m)^(?:go|aws) .*$`).FindAllString(text, -1)
		want := []string{"2", "1", "1"} // version of prod after each command
		if len(commands) != len(want) {
			t.Fatalf("%d commands, want %d:\n%s", len(commands), len(want), text)
		}
		for i, command := range commands {
			if out, err := execute(ctx, command, variables); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
			if prod, _ := cloud.Alias(function, "prod"); prod.Version != want[i] {
				t.Errorf("prod is at version %s after %s, want %s", prod.Version, command, want[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// execute runs a command with these variables: `go run .` in this process, the
// aws CLI only if it is installed.
func execute(ctx context.Context, command string, variables []string) (string, error) {
	if args, ok := strings.CutPrefix(command, "go run . "); ok {
		getenv := func(name string) string {
			for _, v := range variables {
				if value, ok := strings.CutPrefix(v, name+"="); ok {
					return value
				}
			}
			return ""
		}
		var out bytes.Buffer
		if code := app.Run(ctx, strings.Fields(args), getenv, &out, &out); code != 0 {
			return out.String(), fmt.Errorf("exit code %d", code)
		}
		return out.String(), nil
	}
	if exec.CommandContext(ctx, "aws", "--version").Run() != nil {
		return "", nil //nolint:nilerr // without the CLI its commands are not tried
	}
	args := strings.Fields(command)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	cmd.Env = slices.Concat(own, variables)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The policy of -iam is read from a file, and one that cannot be read names the file.
func TestReadPolicy(t *testing.T) {
	t.Parallel()
	if p, err := readPolicy(""); p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
	file := filepath.Join(t.TempDir(), "policy.json")
	for document, ok := range map[string]bool{
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "lambda:GetAlias", "Resource": "*"}}`: true,
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "lambda:GetAlias"}}`:                  false,
	} {
		if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := readPolicy(file); (err == nil) != ok || (p != nil) != ok || !ok && !strings.HasPrefix(err.Error(), file+": statement 1") {
			t.Errorf("%s: %v, %v", document, p, err)
		}
	}
}
