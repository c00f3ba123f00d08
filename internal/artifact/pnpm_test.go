package artifact

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A project with express, installed by pnpm as it does by default: with a
// node_modules that consists of links. It is packed, unpacked, and started by node.
// The test needs node, pnpm and the npm registry; .ci/run installs pnpm where it can.
func TestPnpmProjectStarts(t *testing.T) {
	if testing.Short() {
		t.Skip("most of it is done by pnpm and node, which the race detector does not see")
	}
	t.Parallel()
	for _, tool := range []string{"node", "pnpm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("not tested, because it is not installed: ", tool)
		}
	}
	dir, other := pnpmProject(t), pnpmProject(t)
	p := open(t, dir)
	if again := open(t, other); again.SHA256 != p.SHA256 {
		t.Error("the same project, installed elsewhere, has another hash")
	}
	if to := linksOf(t, p)["node_modules/express"]; !strings.HasPrefix(to, ".pnpm/express@") {
		t.Errorf("node_modules/express is a link to %q", to)
	}
	if err := p.Mismatch(Function{Runtime: "nodejs22.x", Handler: "index.handler"}); err != nil {
		t.Error(err)
	}
	out, err := command(t, unpack(t, p), "node", "-e", `require('./index.js').handler().then(console.log)`)
	if err != nil || strings.TrimSpace(out) != `{"items":3}` {
		t.Errorf("%v\n%s", err, out)
	}
}

// pnpmProject makes a project, and installs its dependencies.
func pnpmProject(t *testing.T) string {
	t.Helper()
	dir := tree(t, map[string]string{
		"package.json": `{"name": "items", "version": "1.0.0", "private": true, "dependencies": {"express": "5.1.0"}}`,
		"index.js": `const express = require('express')
exports.handler = async () => {
  const app = express()
  app.get('/items', (_, answer) => answer.json({ items: 3 }))
  const server = await new Promise((listening) => { const s = app.listen(0, '127.0.0.1', () => listening(s)) })
  const answer = await fetch('http://127.0.0.1:' + server.address().port + '/items')
  server.close()
  return answer.text()
}
`,
	})
	if out, err := command(t, dir, "pnpm", "install", "--prod", "--store-dir", filepath.Join(t.TempDir(), "store")); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("not tested, because pnpm could not install express: %v\n%s", err, out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func command(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
