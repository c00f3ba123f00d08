package localaws

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// appSpec is the content of an AppSpec file
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html).
// Its hooks are ignored, as if they had succeeded.
type appSpec struct {
	function string // short name
	alias    string
	current  string
	target   string
}

// looseText is a string that may be written as a number.
type looseText string

// UnmarshalJSON accepts a string or a number.
func (t *looseText) UnmarshalJSON(b []byte) error {
	if string(b) != "null" {
		*t = looseText(strings.Trim(string(b), `"`))
	}
	return nil
}

// parseAppSpec parses an AppSpec file in YAML, of which JSON is a part.
func parseAppSpec(content string) (appSpec, error) {
	var file struct {
		Version   looseText `json:"version"`
		Resources []map[string]struct {
			Type       string
			Properties struct {
				Name           string
				Alias          string
				CurrentVersion looseText
				TargetVersion  looseText
			}
		}
	}
	b, err := yaml.YAMLToJSON([]byte(content))
	if err != nil {
		return appSpec{}, errors.New("the input AppSpec file is a not well-formed yaml. The template cannot be parsed.") //nolint:staticcheck,revive // as AWS says it
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return appSpec{}, err
	}
	if file.Version != "0.0" {
		return appSpec{}, errors.New("the version is not 0.0")
	}
	if len(file.Resources) != 1 || len(file.Resources[0]) != 1 {
		return appSpec{}, errors.New("there must be one resource")
	}
	resource := slices.Collect(maps.Values(file.Resources[0]))[0]
	if resource.Type != "AWS::Lambda::Function" {
		return appSpec{}, errors.New("the resource is not an AWS::Lambda::Function")
	}
	p := resource.Properties
	n, ok := parseName(p.Name)
	if !ok || n.qualifier != "" {
		return appSpec{}, errors.New("the Name is not a function name")
	}
	if p.Alias == "" || p.CurrentVersion == "" || p.TargetVersion == "" {
		return appSpec{}, errors.New("the resource needs Name, Alias, CurrentVersion and TargetVersion")
	}
	return appSpec{n.function, p.Alias, string(p.CurrentVersion), string(p.TargetVersion)}, nil
}

// content returns the AppSpec file in JSON.
func (a appSpec) content() string {
	b, _ := json.Marshal(map[string]any{ // strings always encode
		"version": "0.0",
		"Resources": []any{map[string]any{a.function: map[string]any{
			"Type": "AWS::Lambda::Function",
			"Properties": map[string]string{
				"Name": a.function, "Alias": a.alias, "CurrentVersion": a.current, "TargetVersion": a.target,
			},
		}}},
	})
	return string(b)
}
