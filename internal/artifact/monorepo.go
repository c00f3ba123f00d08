package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/goccy/go-yaml"
)

// monorepo is what npm, pnpm, Yarn and Bun call a workspace: a folder that
// declares the packages in it. They link one package from the node_modules of
// another.
// https://docs.npmjs.com/cli/using-npm/workspaces
// https://pnpm.io/pnpm-workspace_yaml
type monorepo struct {
	dir   string // without links; "" if there is none
	globs []string
}

// monorepoOf finds the monorepo that a folder, without links, is in. It does not
// look above the repository.
func monorepoOf(folder string) (monorepo, error) {
	for dir := filepath.Dir(folder); ; dir = filepath.Dir(dir) {
		globs, err := declared(dir)
		if err != nil || len(globs) > 0 {
			return monorepo{dir, globs}, err
		}
		_, err = os.Stat(filepath.Join(dir, ".git"))
		if err == nil || dir == filepath.Dir(dir) {
			return monorepo{}, nil
		}
	}
}

// declared reads the globs of the packages that the files in dir declare.
func declared(dir string) ([]string, error) {
	var manifest struct {
		Workspaces json.RawMessage `json:"workspaces"`
	}
	var pnpm struct {
		Packages []string `yaml:"packages"`
	}
	for name, parse := range map[string]func([]byte) error{
		"package.json":        func(text []byte) error { return json.Unmarshal(text, &manifest) },
		"pnpm-workspace.yaml": func(text []byte) error { return yaml.Unmarshal(text, &pnpm) },
	} {
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = parse(text)
		}
		if err != nil {
			return nil, fmt.Errorf("read the packages that %s declares: %w", file, err)
		}
	}
	var npm []string
	var yarn struct {
		Packages []string `json:"packages"`
	}
	if len(manifest.Workspaces) > 0 && json.Unmarshal(manifest.Workspaces, &npm) != nil {
		if err := json.Unmarshal(manifest.Workspaces, &yarn); err != nil {
			return nil, fmt.Errorf("read the workspaces in %s: %w", filepath.Join(dir, "package.json"), err)
		}
	}
	return slices.Concat(npm, yarn.Packages, pnpm.Packages), nil
}

// declares reports whether a folder, without links, is one of the packages.
func (m monorepo) declares(dir string) bool {
	rel, err := filepath.Rel(m.dir, dir)
	if m.dir == "" || err != nil || !filepath.IsLocal(rel) || rel == "." {
		return false
	}
	rel = filepath.ToSlash(rel)
	if slices.Contains(strings.Split(rel, "/"), "node_modules") {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "package.json")); err != nil {
		return false
	}
	yes := false
	for _, glob := range m.globs {
		glob, negated := strings.CutPrefix(glob, "!")
		glob = strings.TrimSuffix(strings.TrimPrefix(glob, "./"), "/")
		if !doublestar.MatchUnvalidated(glob, rel) {
			continue
		}
		if negated {
			return false
		}
		yes = true
	}
	return yes
}
