package function

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]ID{
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
		if got, err := Parse(given); got != want || err != nil {
			t.Errorf("%s: got %+v, %s", given, got, err)
		}
	}
}

func TestParseQualified(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-central-1:123456789012:function:check"
	for given, want := range map[string][2]string{ // Given and qualifier
		"check":                              {"check", ""},
		"check:live":                         {"check", "live"},
		"check:7":                            {"check", "7"},
		"check:$LATEST":                      {"check", "$LATEST"},
		"123456789012:function:check":        {"123456789012:function:check", ""},
		"123456789012:function:check:live-2": {"123456789012:function:check", "live-2"},
		arn:                                  {arn, ""},
		arn + ":live":                        {arn, "live"},
	} {
		id, qualifier, err := ParseQualified(given)
		if id.Name != "check" || id.Given != want[0] || qualifier != want[1] || err != nil {
			t.Errorf("%s: got %+v, %q, %v", given, id, qualifier, err)
		}
	}
	for given, want := range map[string]string{
		"check:":      `"" is not a version or an alias`,
		"check:a.b":   `"a.b" is not a version or an alias`,
		arn + ":$NEW": `"$NEW" is not a version or an alias`,
		"a b:live":    `"a b" is not the name of a function`,
	} {
		if id, _, err := ParseQualified(given); err == nil || !strings.Contains(err.Error(), want) || id != (ID{}) {
			t.Errorf("%s: got %+v, %v; want %q", given, id, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
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
		"123456789012:orders":                 "which has function: after the account",
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
		got, err := Parse(given)
		if err == nil || !strings.Contains(err.Error(), want) || got != (ID{}) {
			t.Errorf("%s: got %+v, %v; want %q", given, got, err, want)
		}
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, region, want string }{
		{"items", "eu-central-1", "arn:aws:lambda:eu-central-1:ACCOUNT-ID:function:items"},
		{"items", "cn-north-1", "arn:aws-cn:lambda:cn-north-1:ACCOUNT-ID:function:items"},
		{"items", "us-gov-west-1", "arn:aws-us-gov:lambda:us-gov-west-1:ACCOUNT-ID:function:items"},
		{"items", "", "arn:aws:lambda:REGION:ACCOUNT-ID:function:items"},
		{"123456789012:function:items", "eu-central-1", "arn:aws:lambda:eu-central-1:123456789012:function:items"},
		{"arn:aws:lambda:us-east-1:123456789012:function:items", "eu-central-1", "arn:aws:lambda:us-east-1:123456789012:function:items"},
		{"arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:items", "us-isob-east-1", "arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:items"},
	} {
		id, err := Parse(tt.given)
		if err != nil {
			t.Fatal(err)
		}
		if got := id.In(tt.region).ARN(); got != tt.want {
			t.Errorf("%s in %s: got %s, want %s", tt.given, tt.region, got, tt.want)
		}
	}
}

func TestResolved(t *testing.T) {
	t.Parallel()
	items := ID{Name: "items", Given: "items"}
	known := ID{Name: "items", Region: "cn-north-1", Account: "123456789012", Partition: "aws-cn", Given: "items"}
	const arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:items"
	for answered, want := range map[string]ID{
		arn:                                known,
		arn + ":prod":                      known,
		"":                                 items,
		"arn:aws:iam::123456789012:role/x": items,
	} {
		if got := items.Resolved(answered); got != want {
			t.Errorf("%q: got %+v, want %+v", answered, got, want)
		}
	}
}

func TestMayBe(t *testing.T) {
	t.Parallel()
	for other, want := range map[string]bool{
		"items": true, "123456789012:function:items": true, "arn:aws:lambda:eu-central-1:123456789012:function:items": true,
		"users": false, "123456789013:function:items": false, "arn:aws:lambda:eu-west-1:123456789012:function:items": false,
	} {
		id, err := Parse("arn:aws:lambda:eu-central-1:123456789012:function:items")
		named, otherErr := Parse(other)
		if err != nil || otherErr != nil {
			t.Fatal(err, otherErr)
		}
		if id.MayBe(named) != want || named.MayBe(id) != want {
			t.Errorf("%s: %t, want %t", other, !want, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	want := ID{Name: "items", Region: "eu-central-1", Account: "123456789012", Partition: "aws", Given: arn}
	if got, ok := Find("Function not found: " + arn + ":$LATEST"); !ok || got != want {
		t.Errorf("got %+v, %t", got, ok)
	}
	if got, ok := Find("Function not found: items"); ok {
		t.Errorf("got %+v", got)
	}
}

func TestUnqualified(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	for _, qualifier := range []string{"", ":12", ":prod", ":$LATEST"} {
		if got := Unqualified(arn + qualifier); got != arn {
			t.Errorf("Unqualified(%q) = %q", arn+qualifier, got)
		}
	}
	if got := Unqualified(""); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
