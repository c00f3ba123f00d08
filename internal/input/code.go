package input

import (
	"lambda-release/internal/artifact"
	"lambda-release/internal/document"
)

// parseCode needs the functions, which are parsed before. Those that it does not name
// have what the release file says.
func (r *reader) parseCode(value string, given bool) Problems {
	if !given {
		return nil
	}
	var names []string
	for _, f := range r.in.Functions {
		names = append(names, f.Name)
	}
	parse := artifact.Parse
	if r.file.Has() {
		parse = artifact.ParseSome
	}
	sources, err := parse(value, names)
	if err != nil {
		return problemsOf(err)
	}
	r.in.Code = sources
	return nil
}

// readCode reads code of the release file, to whose folder a path is relative.
func readCode(in *Input, of ofFunction) document.Problems {
	if _, given := in.Code[of.name]; given {
		return nil
	}
	source, err := artifact.ParseIn(of.dir, of.Value.Text)
	if err != nil {
		return document.Problems{errorInFile(of.Value, err)}
	}
	in.Code = with(in.Code, of.name, source)
	return nil
}
