package input

import (
	"fmt"
	"slices"
	"strings"
)

// completed is a flag as a shell completes it: an input, a flag that prints, or a
// switch.
type completed struct {
	name, doc string
	takes     takes
	words     []string // of takesWord and takesBool
	hint      string
	list      bool
}

// takes is what follows a flag.
type takes uint8

const (
	takesNothing takes = iota
	takesBool          // nothing, or =true or =false
	takesWord          // one of several words
	takesPath
	takesText
)

// allFlags are the flags in the order of --help-all.
func allFlags() []completed {
	var all []completed
	for _, s := range slices.Concat(table, fileFlags, printFlags) {
		f := completed{name: s.name, doc: s.inShort(), takes: takesText, words: s.words, hint: s.hint, list: s.kind == list}
		switch {
		case s.kind == toggle:
			f.takes, f.words = takesBool, []string{"true", "false"}
		case s.words != nil:
			f.takes = takesWord
		case s.hint == "FILE" || s.hint == "CODE":
			f.takes = takesPath
		}
		all = append(all, f)
	}
	for _, s := range switches {
		if _, isInput := inputNamed(s.name); !isInput { // --version is both
			all = append(all, completed{name: s.name, doc: firstSentence(s.doc)})
		}
	}
	return all
}

// inShort is what an input means, on one line.
func (s spec) inShort() string {
	if s.short != "" {
		return strings.ToUpper(s.short[:1]) + s.short[1:]
	}
	return firstSentence(s.doc)
}

// firstSentence is the first sentence of a doc, or the part of it before a colon or
// a semicolon.
func firstSentence(doc string) string {
	for _, end := range []string{". ", ": ", "; "} {
		doc, _, _ = strings.Cut(doc, end)
	}
	return strings.TrimSuffix(strings.ReplaceAll(doc, "`", ""), ".")
}

// flagsTaking are the flags after which this follows.
func flagsTaking(what takes) []string {
	var names []string
	for _, f := range allFlags() {
		if f.takes == what {
			names = append(names, "--"+f.name)
		}
	}
	return names
}

func commandNames() []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

// bashCompletion works in bash 3.2, which macOS has, and without the package
// bash-completion.
func bashCompletion() string {
	var words strings.Builder
	for _, f := range allFlags() {
		if f.takes == takesWord {
			fmt.Fprintf(&words, "  --%s) words='%s' ;;\n", f.name, strings.Join(f.words, " "))
		}
	}
	var flags []string
	for _, f := range allFlags() {
		flags = append(flags, "--"+f.name)
	}
	return strings.NewReplacer(
		"FLAGS", strings.Join(flags, " "),
		"COMMANDS", strings.Join(commandNames(), " "),
		"SHELLS", strings.Join(shellNames(), " "),
		"BOOLS", strings.Join(flagsTaking(takesBool), " | "),
		"PATHS", strings.Join(flagsTaking(takesPath), " | "),
		"TEXTS", strings.Join(flagsTaking(takesText), " | "),
		"  WORDS\n", words.String(),
	).Replace(bashScript)
}

const bashScript = `# Completion of lambda-release for bash. In ~/.bashrc: source <(lambda-release completion bash)
_lambda_release() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} given= words=
  local flags='FLAGS'
  # The = of --flag=value is a word of its own.
  if [[ $cur == = ]]; then
    cur= given=1
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD-2]} given=1
  fi
  COMPREPLY=()
  case $prev in
  WORDS
  BOOLS)
    words=$flags
    [[ $given ]] && words='true false'
    ;;
  PATHS)
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$cur"))
    return
    ;;
  TEXTS) return ;;
  completion) words='SHELLS' ;;
  *)
    words=$flags
    [[ $COMP_CWORD -eq 1 ]] && words="COMMANDS $flags"
    ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _lambda_release lambda-release
`

func zshCompletion() string {
	var specs strings.Builder
	for _, f := range allFlags() {
		repeated := ""
		if f.list {
			repeated = "*"
		}
		value := ":" + f.hint + ":"
		switch f.takes {
		case takesNothing:
			fmt.Fprintf(&specs, "    '--%s[%s]' \\\n", f.name, inZsh(f.doc))
			continue
		case takesBool: // - is for a value in the same word, :: for one that may be missing
			fmt.Fprintf(&specs, "    '--%s=-[%s]::value:(%s)' \\\n", f.name, inZsh(f.doc), strings.Join(f.words, " "))
			continue
		case takesWord:
			value += "(" + strings.Join(f.words, " ") + ")"
		case takesPath:
			value += "_files"
		}
		fmt.Fprintf(&specs, "    '%s--%s=[%s]%s' \\\n", repeated, f.name, inZsh(f.doc), value)
	}
	var described []string
	for _, c := range commands {
		described = append(described, c.name+`\:"`+strings.ToLower(c.doc[:1])+strings.TrimSuffix(c.doc[1:], ".")+`"`)
	}
	return strings.NewReplacer(
		"    SPECS\n", specs.String(),
		"COMMANDS", strings.Join(described, " "),
		"SHELLS", strings.Join(shellNames(), " "),
	).Replace(zshScript)
}

// inZsh escapes the description of a flag.
func inZsh(doc string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "'", `'\''`).Replace(doc)
}

const zshScript = `#compdef lambda-release
# Completion of lambda-release for zsh: save it as _lambda-release in a folder of $fpath.
_lambda_release() {
  if [[ $words[2] == completion ]]; then
    _arguments '1:command:(completion)' '2:shell:(SHELLS)'
    return
  fi
  _arguments \
    SPECS
    '1::command:((COMMANDS))'
}
if [[ $funcstack[1] == _lambda-release ]]; then
  _lambda_release "$@"
else
  compdef _lambda_release lambda-release
fi
`

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# Completion of lambda-release for fish: save it in ~/.config/fish/completions/lambda-release.fish.\n" +
		"complete -c lambda-release -f\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "complete -c lambda-release -n __fish_use_subcommand -a %s -d %s\n", c.name, inFish(strings.TrimSuffix(c.doc, ".")))
	}
	fmt.Fprintf(&b, "complete -c lambda-release -n '__fish_seen_subcommand_from completion' -a %s\n", inFish(strings.Join(shellNames(), " ")))
	for _, f := range allFlags() {
		fmt.Fprintf(&b, "complete -c lambda-release -l %s -d %s", f.name, inFish(f.doc))
		switch f.takes {
		case takesWord:
			b.WriteString(" -x -a " + inFish(strings.Join(f.words, " ")))
		case takesPath:
			b.WriteString(" -r -F")
		case takesText:
			b.WriteString(" -x")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// inFish quotes a text.
func inFish(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
