package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/gateway"
	"lambda-release/internal/lines"
)

func TestParseStage(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]gateway.Stage{
		"arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod":        {Partition: "aws", Region: "eu-central-1", APIID: "a1b2c3d4e5", Name: "prod"},
		"arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5/stages/$default":           {Partition: "aws", Region: "us-east-1", APIID: "a1b2c3d4e5", Name: "$default", HTTP: true},
		"arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5/stages/Prod_2-x":           {Partition: "aws", Region: "us-east-1", APIID: "a1b2c3d4e5", Name: "Prod_2-x", HTTP: true},
		"arn:aws-cn:apigateway:cn-northwest-1::/restapis/x/stages/7":               {Partition: "aws-cn", Region: "cn-northwest-1", APIID: "x", Name: "7"},
		"arn:aws-us-gov:apigateway:us-gov-west-1::/apis/x/stages/a":                {Partition: "aws-us-gov", Region: "us-gov-west-1", APIID: "x", Name: "a", HTTP: true},
		"arn:aws-iso-b:apigateway:us-isob-east-1::/restapis/x/stages/a":            {Partition: "aws-iso-b", Region: "us-isob-east-1", APIID: "x", Name: "a"},
		"arn:aws-eusc:apigateway:eusc-de-east-1::/restapis/x/stages/" + long("s"):  {Partition: "aws-eusc", Region: "eusc-de-east-1", APIID: "x", Name: long("s")},
		"arn:aws:apigateway:ap-southeast-2::/restapis/" + long("i") + "/stages/s1": {Partition: "aws", Region: "ap-southeast-2", APIID: long("i"), Name: "s1"},
	} {
		want.ARN = arn
		got, err := parseStage(arn)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", arn, err, diff)
		}
	}
}

// long is a name as long as a stage's may be.
func long(c string) string { return strings.Repeat(c, 128) }

func TestParseStageRefused(t *testing.T) {
	t.Parallel()
	const rest = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5"
	for arn, problem := range map[string]string{
		"":     "not an ARN",
		"prod": "not an ARN",
		"https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod": "a URL",
		"arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod":  "by which an API is invoked",
		"arn:aws:lambda:eu-central-1:123456789012:function:fn":           "not an ARN of API Gateway",
		rest:                           "contains no stage",
		rest + "/stages/":              "not the ARN of a stage",
		rest + "/stages/$default":      "only an HTTP API",
		rest + "/stages/a/b":           "name is not",
		rest + "/stages/*":             "name is not",
		rest + "/stages/%24x":          "name is not",
		rest + "/stages/s" + long("s"): "name is not",
		"arn:aws:apigateway:eu-central-1::/restapis/*/stages/prod":                      "not the ARN of a stage",
		"arn:aws:apigateway:eu-central-1:123456789012:/restapis/a1b2c3d4e5/stages/prod": "must not contain the account",
		"arn:aws:apigateway:::/restapis/a1b2c3d4e5/stages/prod":                         "not the ARN of a stage",
		"arn:aws:apigateway:eu-central-1::/domainnames/example.com/stages/prod":         "not the ARN of a stage",
		"arn:gcp:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod":             "not the ARN of a stage",
	} {
		got, err := parseStage(arn)
		if err == nil {
			t.Errorf("%q is %+v", arn, got)
			continue
		}
		for _, want := range []string{problem, "/restapis/API-ID/stages/NAME"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %q lacks %q", arn, err, want)
			}
		}
	}
}

const (
	restARN = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"
	httpARN = "arn:aws:apigateway:eu-central-1::/apis/h1h2h3h4h5/stages/$default"
)

// parseStage reads the ARN of a stage as it is given for an alias.
func parseStage(arn string) (gateway.Stage, error) {
	bindings, err := gateway.ParseBindings("prod=" + arn)
	if err != nil {
		return gateway.Stage{}, err
	}
	return bindings["prod"][0], nil
}

func parse(t *testing.T, arn string) gateway.Stage {
	t.Helper()
	s, err := parseStage(arn)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseBindings(t *testing.T) {
	t.Parallel()
	got, err := gateway.ParseBindings("\r\n# all of them\r\nprod=" + restARN + "   # the old one\r\n\t prod = " + httpARN + " \r\ndev=" + strings.Replace(restARN, "prod", "dev", 1))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]gateway.Stage{
		"prod": {parse(t, restARN), parse(t, httpARN)},
		"dev":  {parse(t, strings.Replace(restARN, "prod", "dev", 1))},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, nothing := range []string{"", "\n \n# nothing"} {
		if got, err := gateway.ParseBindings(nothing); err != nil || len(got) > 0 {
			t.Errorf("%q: %v, %v", nothing, got, err)
		}
	}
}

// All problems are reported at once, each with its line.
func TestParseBindingsRefused(t *testing.T) {
	t.Parallel()
	got, err := gateway.ParseBindings(strings.Join([]string{
		restARN,
		"prod=" + restARN,
		"dev=" + restARN + " # twice",
		"prod=" + restARN,
		"7=" + httpARN,
		"",
		"$LATEST=" + httpARN,
		"=" + httpARN,
		"prod=https://example.com",
		"prod=",
	}, "\n"))
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || got != nil {
		t.Fatalf("%v, %v", got, err)
	}
	type reported struct {
		line    int
		text    string
		problem string
	}
	var all []reported
	for _, err := range joined.Unwrap() {
		line, ok := errors.AsType[*lines.Error](err)
		if !ok || line.Allowed == "" || !strings.Contains(line.Error(), line.Problem) {
			t.Fatalf("%T: %v", err, err)
		}
		all = append(all, reported{line.Line, line.Text, line.Problem})
	}
	want := []reported{
		{1, restARN, `no "=" between alias and stage`},
		{3, "dev=" + restARN, "the stage is already bound on line 2"},
		{4, "prod=" + restARN, "the stage is already bound on line 2"},
		{5, "7=" + httpARN, `"7" is not an alias`},
		{7, "$LATEST=" + httpARN, `"$LATEST" is not an alias`},
		{8, "=" + httpARN, `"" is not an alias`},
		{9, "prod=https://example.com", "it is a URL, not an ARN"},
		{10, "prod=", "it is not an ARN"},
	}
	if diff := cmp.Diff(want, all, cmp.AllowUnexported(reported{})); diff != "" {
		t.Error(diff)
	}
}

func TestCheckVariable(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"lambdaAlias": true, "A_1": true, strings.Repeat("a", 64): true,
		"": false, "lambda-alias": false, "a/b": false, "a b": false, "ä": false, strings.Repeat("a", 65): false,
	} {
		if err := gateway.CheckVariable(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
