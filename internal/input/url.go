package input

import (
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
	cors, isGiven := of.Value.Get("cors")
	var settings *gateway.CORS
	if isGiven {
		decoded, _ := of.Decoded.(map[string]any)
		settings = corsOf(decoded["cors"])
	}
	url, wrong := gateway.NewURL(answers.Text, settings)
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

// corsOf are CORS settings as the schema of the release file has read them, and checked
// their types.
func corsOf(decoded any) *gateway.CORS {
	object, _ := decoded.(map[string]any)
	texts := func(key string) []string {
		var all []string
		list, _ := object[key].([]any)
		for _, e := range list {
			text, _ := e.(string)
			all = append(all, text)
		}
		return all
	}
	age, _ := object["MaxAge"].(float64)
	credentials, _ := object["AllowCredentials"].(bool)
	return &gateway.CORS{
		AllowOrigins: texts("AllowOrigins"), AllowMethods: texts("AllowMethods"),
		AllowHeaders: texts("AllowHeaders"), ExposeHeaders: texts("ExposeHeaders"),
		MaxAge: int32(age), AllowCredentials: credentials,
	}
}
