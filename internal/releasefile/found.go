package releasefile

import (
	"os"
	"path/filepath"
)

// names are those that the file has in the workspace.
var names = []string{"lambda-release.yml", "lambda-release.yaml"}

// Found are the paths of the release files in a folder: none, one, or two, of which
// neither is meant more than the other.
func Found(dir string) []string {
	var found []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			found = append(found, path)
		}
	}
	return found
}
