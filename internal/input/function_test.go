package input

import (
	"strings"
	"testing"
)

func TestParseFunction(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]Function{
		"orders":                       {Name: "orders"},
		"My_Fn-2":                      {Name: "My_Fn-2"},
		"12":                           {Name: "12"},
		strings.Repeat("f", 64):        {Name: strings.Repeat("f", 64)},
		"123456789012:function:orders": {Name: "orders", Account: "123456789012"},
		"arn:aws:lambda:eu-central-1:123456789012:function:orders":        {Name: "orders", Account: "123456789012", Region: "eu-central-1", Partition: "aws"},
		"arn:aws-cn:lambda:cn-northwest-1:123456789012:function:orders":   {Name: "orders", Account: "123456789012", Region: "cn-northwest-1", Partition: "aws-cn"},
		"arn:aws-us-gov:lambda:us-gov-east-1:123456789012:function:f":     {Name: "f", Account: "123456789012", Region: "us-gov-east-1", Partition: "aws-us-gov"},
		"arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:f":     {Name: "f", Account: "123456789012", Region: "us-isob-east-1", Partition: "aws-iso-b"},
		"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:orders": {Name: "orders", Account: "123456789012", Region: "eusc-de-east-1", Partition: "aws-eusc"},
	} {
		want.Given = given
		if got, wrong := parseFunction(given); got != want || wrong != "" {
			t.Errorf("%s: got %+v, %s", given, got, wrong)
		}
	}
}

func TestParseFunctionRefuses(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"a b":                                 `"a b" is not the name of a function`,
		"a.b":                                 `"a.b" is not the name of a function`,
		"fünf":                                "is not the name of a function",
		"***":                                 `"***" is not the name of a function`,
		strings.Repeat("f", 65):               "a name of 65 characters is too long",
		"orders:prod":                         "\"prod\" is a version or an alias: put the alias in `alias`",
		"orders:$LATEST":                      `"$LATEST" is a version or an alias`,
		"orders:":                             `"" is a version or an alias`,
		":orders":                             `"" is not the name of a function`,
		"123456789012:orders":                 "which has function: behind the account",
		"123456789012:function:":              `"" is not the name of a function`,
		"123456789012:function:orders:7":      `"7" is a version or an alias`,
		"12345678901:function:orders":         `"12345678901" is not an account id`,
		"123456789012:layer:orders":           "neither a name nor the ARN",
		"a:b:c:d:e":                           "neither a name nor the ARN",
		"arn:aws:lambda:eu-central-1::orders": "neither a name nor the ARN",
		"arn:aws:lambda:eu-central-1:123456789012:function:orders:prod": `"prod" is a version or an alias`,
		"arn:aws:lambda:eu-central-1:123456789012:layer:orders":         "neither a name nor the ARN",
		"arn:aws:s3:eu-central-1:123456789012:function:orders":          "neither a name nor the ARN",
		"arn:aws:lambda:eu-central-1:***:function:orders":               `"***" is not an account id`,
		"arn:aws:lambda::123456789012:function:orders":                  `"" is not a region`,
		"arn:aws:lambda:Frankfurt:123456789012:function:orders":         `"Frankfurt" is not a region`,
		"arn:azure:lambda:eu-central-1:123456789012:function:orders":    `"azure" is not a partition`,
		"arn:aws:lambda:eu-central-1:123456789012:function:orders:a:b":  "neither a name nor the ARN",
	} {
		got, wrong := parseFunction(given)
		if !strings.Contains(wrong, want) || got != (Function{}) {
			t.Errorf("%s: got %+v, %q; want %q", given, got, wrong, want)
		}
	}
}
