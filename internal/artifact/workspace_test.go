package artifact

import "testing"

func TestWorkspaceInside(t *testing.T) {
	t.Parallel()
	docker := map[string]string{
		"GITHUB_WORKSPACE": "/github/workspace", "RUNNER_WORKSPACE": "/home/runner/work/orders", "GITHUB_REPOSITORY": "acme/orders",
	}
	mac := map[string]string{
		"GITHUB_WORKSPACE": "/github/workspace", "RUNNER_WORKSPACE": "/Users/ci/actions-runner/_work/orders", "GITHUB_REPOSITORY": "acme/orders",
	}
	onWindows := map[string]string{
		"GITHUB_WORKSPACE": `C:\mounted`, "RUNNER_WORKSPACE": `D:\a\orders`, "GITHUB_REPOSITORY": "acme/orders",
	}
	windowsToLinux := map[string]string{
		"GITHUB_WORKSPACE": "/github/workspace", "RUNNER_WORKSPACE": `D:\a\orders`, "GITHUB_REPOSITORY": "acme/orders",
	}
	without := func(env map[string]string, key string) map[string]string {
		less := map[string]string{}
		for k, v := range env {
			if k != key {
				less[k] = v
			}
		}
		return less
	}
	tests := []struct {
		name string
		env  map[string]string
		path string
		want string // "" if it is not inside
	}{
		{"file", docker, "/home/runner/work/orders/orders/dist/app.zip", "/github/workspace/dist/app.zip"},
		{"the workspace", docker, "/home/runner/work/orders/orders", "/github/workspace"},
		{"slash at the end", docker, "/home/runner/work/orders/orders/dist/", "/github/workspace/dist"},
		{"untidy", docker, "/home/runner/work//orders/./orders/x/../dist", "/github/workspace/dist"},
		{"the known place goes first", docker, "/home/runner/work/orders/orders/orders/orders/x", "/github/workspace/orders/orders/x"},
		{"job container", docker, "/__w/orders/orders/dist", "/github/workspace/dist"},
		{"other place of the same form", docker, "/opt/runner/_work/orders/orders/dist", "/github/workspace/dist"},
		{"above the workspace", docker, "/home/runner/work/orders/dist", ""},
		{"out by dots", docker, "/home/runner/work/orders/orders/../../secret", ""},
		{"out by dots and in again", docker, "/home/runner/work/orders/orders/../orders/dist", "/github/workspace/dist"},
		{"the runner's temporary folder", docker, "/home/runner/work/_temp/dist", ""},
		{"longer name", docker, "/home/runner/work/orders/orders2/dist", ""},
		{"other case", docker, "/home/runner/work/Orders/Orders/dist", ""},
		{"relative", docker, "orders/orders/dist", ""},
		{"relative with dots", docker, "../orders/orders/dist", ""},

		{"no RUNNER_WORKSPACE", without(docker, "RUNNER_WORKSPACE"), "/home/runner/work/orders/orders/dist", "/github/workspace/dist"},
		{"no RUNNER_WORKSPACE, root", without(docker, "RUNNER_WORKSPACE"), "/orders/x", ""},
		{"no GITHUB_REPOSITORY", without(docker, "GITHUB_REPOSITORY"), "/home/runner/work/orders/orders/dist", "/github/workspace/dist"},
		{"no GITHUB_WORKSPACE", without(docker, "GITHUB_WORKSPACE"), "/home/runner/work/orders/orders/dist", ""},
		{"no Actions", nil, "/home/runner/work/orders/orders/dist", ""},

		{"macOS", mac, "/Users/ci/actions-runner/_work/orders/orders/dist", "/github/workspace/dist"},
		{"Windows", onWindows, `D:\a\orders\orders\dist\app.zip`, `C:\mounted\dist\app.zip`},
		{"Windows, slashes and case", onWindows, "d:/A/orders/Orders/dist", `C:\mounted\dist`},
		{"Windows, other drive", onWindows, `E:\runner\orders\orders\dist`, `C:\mounted\dist`},
		{"Windows, elsewhere", onWindows, `D:\b\dist`, ""},
		{"Windows, server", onWindows, `\\server\share\orders\orders\dist`, `C:\mounted\dist`},
		{"Windows to Linux", windowsToLinux, `D:\a\orders\orders\dist\app.zip`, "/github/workspace/dist/app.zip"},
		{"backslashes are names on Linux", docker, `/home/runner/work/orders/orders\dist`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := workspaceOf(func(key string) string { return tt.env[key] }).inside(tt.path)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("inside(%q) = %q, %v; want %q", tt.path, got, ok, tt.want)
			}
		})
	}
}
