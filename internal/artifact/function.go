package artifact

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Function is what a package must fit, as GetFunctionConfiguration returns it.
type Function struct {
	Architectures []string // x86_64 or arm64; empty means x86_64
	PackageType   string   // Zip or Image; empty means Zip
	Runtime       string   // "" if it is not known
	Handler       string
	Layers        bool // it has some, which may contain what the package does not

	Environment        map[string]string
	EnvironmentUnknown bool // AWS cannot read it
}

// startError is what keeps a function from starting.
type startError struct {
	text    string
	certain bool // else it may start all the same
}

func certainly(format string, args ...any) *startError {
	return &startError{fmt.Sprintf(format, args...), true}
}

// start reports what keeps the function from starting with this package, as far as
// the names in it show; nil if nothing does.
func (p Package) start(f Function) *startError {
	if p.contents == nil || f.PackageType == "Image" {
		return nil
	}
	if strings.HasPrefix(f.Runtime, "provided") {
		return p.startBootstrap(f)
	}
	if f.Handler == "" || strings.HasPrefix(f.Handler, "/") {
		return nil // in a layer, or in another file system
	}
	for _, r := range runtimes {
		if strings.HasPrefix(f.Runtime, r.prefix) {
			return p.startHandler(f, r)
		}
	}
	return nil
}

// startBootstrap is for the runtimes that start the package's own program.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
func (p Package) startBootstrap(f Function) *startError {
	boot := p.contents.find(bootstrapName)
	switch {
	case boot.layer:
		return nil
	case boot.dead != 0 || boot.mode.IsDir():
		text := fmt.Sprintf("the runtime %s starts the program `bootstrap` at the top of the package, ", f.Runtime)
		why := p.absent(bootstrapName)
		if f.Layers {
			return &startError{text: text + why + "; that works only if a layer has it"}
		}
		if why == notThere {
			why += ": build it under that name (with Go: go build -o bootstrap)"
		}
		return certainly("%s%s", text, why)
	case boot.mode&0o111 == 0:
		return certainly("`bootstrap` is not executable (mode %04o), so it would fail with \"permission denied\": run chmod +x bootstrap before zipping, "+
			"or give the folder as code if the zip is made on Windows", boot.mode.Perm())
	case p.windowsScript:
		return certainly("`bootstrap` is a script whose first line ends in a carriage return, so Lambda would not find its interpreter: " +
			"convert its line ends from Windows (CRLF) to Unix (LF)")
	}
	return nil
}

// handlers is how the runtimes of a language find their handler.
type handlers struct {
	prefix string // of the runtimes' names
	// parse splits a handler into the file that it is in and the rest; ok is
	// false if the runtime would refuse it.
	parse func(handler string) (file string, ok bool)
	form  string   // of a handler
	ends  []string // how the file may go on,
	also  []string // and how it rarely does
	// indirect reports whether the file may be somewhere that its name does not show.
	indirect func(c contents, file string) bool
	// search are environment variables that make the runtime look elsewhere.
	search []string
}

// wrapper starts another program before the runtime.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
const wrapper = "AWS_LAMBDA_EXEC_WRAPPER"

var runtimes = []handlers{
	{
		// https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/UserFunction.js
		prefix: "nodejs", form: "FILE.EXPORT",
		parse: func(handler string) (string, bool) {
			dir, base := path.Split(handler)
			file, _, ok := strings.Cut(base, ".")
			return dir + file, ok && file != ""
		},
		ends: []string{".js", ".mjs", ".cjs"},
		also: []string{""},
		indirect: func(c contents, file string) bool {
			return c.has("node_modules/"+file) || c.has("node_modules/"+file+".js")
		},
		search: []string{"NODE_PATH", "NODE_OPTIONS"},
	},
	{
		// https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/bootstrap.py
		prefix: "python", form: "MODULE.FUNCTION",
		parse: func(handler string) (string, bool) {
			i := strings.LastIndexByte(handler, '.')
			if i < 1 {
				return "", false
			}
			return strings.ReplaceAll(handler[:i], ".", "/"), true
		},
		ends: []string{".py", "/__init__.py"},
		also: []string{".pyc", "/__init__.pyc", ".so"},
		indirect: func(c contents, file string) bool {
			for name := range c {
				if strings.HasPrefix(name, file+".") && strings.HasSuffix(name, ".so") {
					return true
				}
			}
			return false
		},
		search: []string{"PYTHONPATH"},
	},
	{
		// https://github.com/aws/aws-lambda-ruby-runtime-interface-client
		prefix: "ruby", form: "FILE.METHOD",
		parse:  func(handler string) (string, bool) { return cutHandler(handler, ".") },
		ends:   []string{".rb"},
		also:   []string{".so"},
		search: []string{"RUBYLIB", "RUBYOPT"},
	},
	{
		// https://docs.aws.amazon.com/lambda/latest/dg/java-package.html
		prefix: "java", form: "PACKAGE.CLASS::METHOD",
		parse: func(handler string) (string, bool) {
			class, _, _ := strings.Cut(handler, "::")
			return strings.ReplaceAll(class, ".", "/"), class != ""
		},
		ends: []string{".class"},
		indirect: func(c contents, _ string) bool {
			for name := range c {
				if dir, file := path.Split(name); dir == "lib/" && strings.HasSuffix(file, ".jar") {
					return true
				}
			}
			return false
		},
		search: []string{"JAVA_TOOL_OPTIONS", "CLASSPATH"},
	},
	{
		// https://docs.aws.amazon.com/lambda/latest/dg/csharp-handler.html
		prefix: "dotnet", form: "ASSEMBLY::TYPE::METHOD",
		parse: func(handler string) (string, bool) {
			assembly, _, _ := strings.Cut(handler, "::")
			return assembly, assembly != ""
		},
		ends:     []string{".dll"},
		also:     []string{""},
		indirect: func(c contents, _ string) bool { return c.has(bootstrapName) }, // compiled ahead of time
	},
}

func cutHandler(handler, at string) (string, bool) {
	file, rest, ok := strings.Cut(handler, at)
	return file, ok && file != "" && rest != ""
}

// startHandler is for the runtimes that load a handler.
func (p Package) startHandler(f Function, r handlers) *startError {
	file, ok := r.parse(f.Handler)
	if !ok {
		return certainly("the function's handler %q is not of the form %s: set it in the function's configuration", f.Handler, r.form)
	}
	for _, end := range slices.Concat(r.ends, r.also) {
		if at := p.contents.find(file + end); at.layer || at.dead == 0 && !at.mode.IsDir() {
			return nil
		}
	}
	var names []string
	for _, end := range r.ends {
		names = append(names, file+end)
	}
	if r.indirect != nil && r.indirect(p.contents, path.Clean(file)) {
		return nil
	}
	text := fmt.Sprintf("the function's handler %q needs %s in the package, %s", f.Handler, oneOf(names), p.absent(names...))
	if jars := p.jars(); r.prefix == "java" && len(jars) > 0 {
		text = fmt.Sprintf("the class of the function's handler %q is not in the package, and Lambda does not look into the archive %s in it: give the .jar itself as code, or put it into the folder lib of the zip", f.Handler, listed(jars))
	}
	set := func(name string) bool { return f.Environment[name] != "" }
	switch at := p.contents.find(file); {
	case f.Layers:
		return &startError{text: text + "; that works only if a layer has it"}
	case f.EnvironmentUnknown:
		return &startError{text: text + "; that works only if its environment says otherwise, which cannot be read"}
	case set(wrapper):
		return &startError{text: text + "; that works only if " + wrapper + " sets another handler"}
	case slices.ContainsFunc(r.search, set):
		return &startError{text: text + "; that works only if it is found by " + strings.Join(r.search, " or ")}
	case at.dead == 0 && at.mode.IsDir():
		return &startError{text: fmt.Sprintf("the function's handler %q needs %s in the package, where only the folder %q is: that works only if the runtime loads it from there", f.Handler, oneOf(names), file)}
	}
	return &startError{text, true}
}

// has reports whether a path leads to something.
func (c contents) has(name string) bool {
	f := c.find(name)
	return f.layer || f.dead == 0
}

// jars are the archives of Java outside the folder lib.
func (p Package) jars() []string {
	var jars []string
	for _, name := range slices.Sorted(maps.Keys(p.contents)) {
		if strings.HasSuffix(name, ".jar") && !p.contents[name].mode.IsDir() {
			jars = append(jars, name)
		}
	}
	return jars
}

const notThere = "which is not there"

// absent says that none of the names is in the package, and why if that is known.
func (p Package) absent(names ...string) string {
	for _, name := range names {
		out := p.leftOut.at(p.contents.find(name).name)
		switch {
		case out == "":
		case p.leftOut[out]:
			return fmt.Sprintf("but %s is left out, as such files often hold secrets: write `!%s` into %s", out, out, ignoreName)
		default:
			return fmt.Sprintf("but %s is left out by %s: write `!%s` at its end", out, ignoreName, out)
		}
	}
	return notThere + p.elsewhere(names)
}

// elsewhere says where one of the names is instead, and what to do.
func (p Package) elsewhere(names []string) string {
	best := ""
	for name, e := range p.contents {
		under := slices.ContainsFunc(names, func(want string) bool {
			return len(name) >= len(want) && strings.EqualFold(name[len(name)-len(want):], want) && (len(name) == len(want) || name[len(name)-len(want)-1] == '/')
		})
		if under && !e.mode.IsDir() && !strings.HasPrefix(name, "__MACOSX/") && !strings.Contains("/"+name, "/node_modules/") &&
			(best == "" || len(name) < len(best) || len(name) == len(best) && name < best) {
			best = name
		}
	}
	if best == "" {
		return ""
	}
	dir := best
	for _, want := range names {
		if len(best) > len(want) && strings.EqualFold(best[len(best)-len(want):], want) {
			dir = best[:len(best)-len(want)-1]
		}
	}
	switch {
	case dir == best:
		return fmt.Sprintf(", but %q is: names are case-sensitive in Lambda", best)
	case p.Kind == Folder:
		return fmt.Sprintf(", but %q is: give code as %q", best, strings.TrimRight(p.Given, "/")+"/"+dir)
	}
	return fmt.Sprintf(", but %q is: zip what is in the folder, not the folder itself (cd %s && zip -r ../code.zip .)", best, dir)
}

func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
