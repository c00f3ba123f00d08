package input

import (
	"encoding/json"

	"lambda-release/internal/document"
	"lambda-release/internal/gateway"
)

// parseFunctionURL needs the functions, which are parsed before.
func parseFunctionURL(in *Input, value string) Problems {
	url, wrong := gateway.NewURL(value, nil)
	if len(wrong) > 0 {
		return bad(wrong[0].What)
	}
	in.URLs = map[string]gateway.URL{}
	for _, fn := range in.Functions {
		in.URLs[fn.Name] = url
	}
	return nil
}

// readFunctionURL reads function-url of the release file: a word, or an object.
func readFunctionURL(in *Input, of ofFunction) document.Problems {
	if _, given := in.URLs[of.name]; given {
		return nil
	}
	answers, isObject := of.Value.Get("auth")
	if !isObject {
		answers = of.Value
	}
	cors, decoded := corsOf(of)
	url, wrong := gateway.NewURL(answers.Text, decoded)
	var problems document.Problems
	for _, w := range wrong {
		problems = append(problems, wrongURL(w, answers, cors))
	}
	in.URLs = with(in.URLs, of.name, url)
	return problems
}

// wrongURL is what is wrong with whom a URL answers, or with its CORS settings.
func wrongURL(w gateway.Wrong, answers, cors document.Value) document.Problem {
	v, given := cors.Get(w.Key)
	switch {
	case w.Key == "":
		return inFile(answers, w.What, w.Allowed)
	case !given:
		return inFile(cors, w.Key+" is "+w.What, w.Allowed)
	case w.Index >= 0:
		v = v.Elements[w.Index]
	}
	return inFile(v, w.What, w.Allowed)
}

// corsOf are the CORS settings in a function-url of the release file; nil if it has none.
func corsOf(of ofFunction) (document.Value, *gateway.CORS) {
	v, given := of.Value.Get("cors")
	if !given {
		return v, nil
	}
	url, _ := of.Decoded.(map[string]any)
	text, err := json.Marshal(url["cors"])
	cors := &gateway.CORS{}
	if err == nil {
		err = json.Unmarshal(text, cors) // the schema has their types
	}
	if err != nil {
		return v, nil
	}
	return v, cors
}
