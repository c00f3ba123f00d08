package artifact

import "strings"

// workspace is the folder of a job of GitHub Actions, which has several paths.
//
// On the host it is WORK/repo/repo. In a Docker action it is mounted at
// /github/workspace, and the runner rewrites each variable, inputs included,
// whose whole value begins with the host's path. It does not rewrite NAME=PATH,
// so a path written with ${{ github.workspace }} arrives as the host's path.
// RUNNER_WORKSPACE is not rewritten either, because it is the parent, WORK/repo:
// with the repository's name it gives the host's path. In a job in a container
// there is a third path, /__w/repo/repo.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs
// https://github.com/actions/runner/issues/2058
type workspace struct {
	dir    string // GITHUB_WORKSPACE: the folder as this process sees it; "" outside GitHub Actions
	parent string // RUNNER_WORKSPACE: the parent of the folder on the host
	repo   string // the repository's name, without the owner
}

func workspaceOf(getenv func(string) string) workspace {
	ws := workspace{dir: getenv("GITHUB_WORKSPACE"), parent: getenv("RUNNER_WORKSPACE")}
	_, ws.repo, _ = strings.Cut(getenv("GITHUB_REPOSITORY"), "/")
	if parent := splitPath(ws.parent); ws.repo == "" && len(parent.segments) > 0 {
		ws.repo = parent.segments[len(parent.segments)-1]
	}
	return ws
}

// inside is the path in this process of an absolute path of the host; false if
// the path is not known to be in the workspace. It reads no file: the caller
// asks only for a path that does not exist, and checks the result.
func (ws workspace) inside(hostPath string) (string, bool) {
	if ws.dir == "" || ws.repo == "" || !isAbsolute(hostPath) {
		return "", false
	}
	p := splitPath(hostPath)
	rest, ok := p.after(ws.repo)
	if ws.parent != "" {
		if known, in := p.below(splitPath(ws.parent + "/" + ws.repo)); in {
			rest, ok = known, true
		}
	}
	if !ok {
		return "", false
	}
	slash := "/"
	if isWindows(ws.dir) {
		slash = `\`
	}
	return strings.Join(append([]string{strings.TrimRight(ws.dir, `/\`)}, rest...), slash), true
}

// has reports whether a path is in the workspace as this process sees it.
func (ws workspace) has(path string) bool {
	_, ok := splitPath(path).below(splitPath(ws.dir))
	return ok
}

// isAbsolute recognizes the paths of every operating system on every other.
func isAbsolute(path string) bool {
	return strings.HasPrefix(path, "/") || isWindows(path)
}

// isWindows reports whether a path has a drive or a server: C:\x, C:/x, \\server\x.
func isWindows(path string) bool {
	if strings.HasPrefix(path, `\\`) {
		return true
	}
	return len(path) >= 3 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') &&
		('a' <= path[0]|0x20 && path[0]|0x20 <= 'z')
}

// pathParts is an absolute path, cleaned.
type pathParts struct {
	segments []string
	fold     bool // case is ignored
}

func splitPath(path string) pathParts {
	p := pathParts{fold: isWindows(path)}
	if p.fold {
		path = strings.ReplaceAll(path, `\`, "/")
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			p.segments = p.segments[:max(0, len(p.segments)-1)]
		default:
			p.segments = append(p.segments, segment)
		}
	}
	return p
}

func (p pathParts) same(a, b string) bool {
	return a == b || p.fold && strings.EqualFold(a, b)
}

// below is what follows dir in p.
func (p pathParts) below(dir pathParts) ([]string, bool) {
	if p.fold != dir.fold || len(p.segments) < len(dir.segments) {
		return nil, false
	}
	for i, segment := range dir.segments {
		if !p.same(p.segments[i], segment) {
			return nil, false
		}
	}
	return p.segments[len(dir.segments):], true
}

// after is what follows the first repo/repo in p.
func (p pathParts) after(repo string) ([]string, bool) {
	for i := 1; i < len(p.segments); i++ {
		if p.same(p.segments[i-1], repo) && p.same(p.segments[i], repo) {
			return p.segments[i+1:], true
		}
	}
	return nil, false
}
