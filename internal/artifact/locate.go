package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// locate finds the file or folder; the source then has its path and kind.
func (s Source) locate(ws workspace) (Source, fs.FileInfo, error) {
	info, err := os.Stat(s.Path)
	if err == nil {
		return s, info, nil
	}
	places := []string{s.Path}
	mapped, ok := ws.inside(s.Path)
	if ok {
		if info, err := os.Stat(mapped); err == nil {
			s.Path = mapped
			return s, info, nil
		}
		places = append(places, mapped)
	}
	if text := s.Unexpanded(); text != "" {
		return s, nil, fmt.Errorf("open code %q: %s", s.Given, text)
	}
	for _, place := range places {
		if found, isGlob, err := s.expand(place); isGlob && err != nil {
			return s, nil, err
		} else if found != "" {
			if !strings.HasSuffix(s.Path, "/") {
				s.Kind = kindOfPath(found)
			}
			s.Path = found
			info, err := os.Stat(found)
			return s, info, err
		}
	}
	isGlob := strings.ContainsAny(s.Path, globs)
	switch {
	case isGlob:
		err = fmt.Errorf("code %q: no file or folder matches it", s.Given)
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("code %q: no such file or folder", s.Given)
	default:
		err = fmt.Errorf("open code %q: %w", s.Given, err)
	}
	switch {
	case isGlob && isAbsolute(s.Path):
	case ok:
		err = fmt.Errorf("%w; %q, the same place in a container, does not exist either", err, mapped)
	case isAbsolute(s.Path) && ws.dir != "" && !ws.has(s.Path):
		err = fmt.Errorf("%w; an action that runs in a container sees only the workspace, %q here: put the code there and write its path relative to it", err, ws.dir)
	case !isAbsolute(s.Path):
		if dir, wdErr := os.Getwd(); wdErr == nil {
			err = fmt.Errorf("%w in %s; build or download it before this step", err, dir)
		}
	}
	return s, nil, err
}

// globs are the characters that make a path a glob.
const globs = "*?[{"

// expand is the one file or folder that a path matches as a glob; "" if it is no
// glob, or nothing matches. Hidden files are matched only by a name with a dot, as
// in a shell.
func (s Source) expand(path string) (string, bool, error) {
	if !strings.ContainsAny(path, globs) {
		return "", false, nil
	}
	found, err := doublestar.FilepathGlob(path, doublestar.WithNoHidden())
	switch {
	case err != nil:
		return "", true, fmt.Errorf("open code %q: it is not a glob: %w; write one with *, ?, [abc] and {a,b}, or the whole path", s.Given, err)
	case len(found) > 1:
		return "", true, fmt.Errorf("open code %q: it matches %d files or folders (%s): write it so that it matches one", s.Given, len(found), listed(found))
	case len(found) == 0:
		return "", true, nil
	}
	return filepath.Clean(found[0]), true, nil
}

// variable matches what a shell, cmd.exe, PowerShell or a CI system would have
// replaced.
var variable = regexp.MustCompile(`\$\{\{.*?\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$env:\w+|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|^~[A-Za-z0-9_-]*(/|\\|$)`)

// Unexpanded says that a part of the code was to be replaced before it came here;
// "" if there is none.
func (s Source) Unexpanded() string {
	part := strings.TrimRight(variable.FindString(s.Given), `/\`)
	if part == "" {
		return ""
	}
	return fmt.Sprintf("%s was not expanded, since no shell reads this input: write the value itself, or in a workflow an expression such as ${{ env.NAME }}", part)
}
