package configuration_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/configuration"
)

func parse(t *testing.T, document string) configuration.Configuration {
	t.Helper()
	file, problems := configuration.Parse("test", []byte(document))
	for _, p := range problems {
		t.Error(p)
	}
	return file.Configuration
}

// has is what AWS answers, as JSON.
func has(t *testing.T, document string) configuration.Configuration {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(document), &values); err != nil {
		t.Fatal(err)
	}
	return configuration.Of(values)
}

// TestChanges: only what differs is written, as AWS compares.
func TestChanges(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ given, has, want string }{
		"nothing given":           {`{}`, `{"MemorySize": 128}`, `{}`},
		"equal":                   {`{"MemorySize": 128}`, `{"MemorySize": 128, "Timeout": 3}`, `{}`},
		"another one":             {`{"MemorySize": 256, "Timeout": 3}`, `{"MemorySize": 128, "Timeout": 3}`, `{"MemorySize":256}`},
		"layers in order":         {`{"Layers": ["a", "b"]}`, `{"Layers": ["a", "b"]}`, `{}`},
		"layers in another order": {`{"Layers": ["b", "a"]}`, `{"Layers": ["a", "b"]}`, `{"Layers":["b","a"]}`},
		"no layers":               {`{"Layers": []}`, `{}`, `{}`},
		"layers removed":          {`{"Layers": []}`, `{"Layers": ["a"]}`, `{"Layers":[]}`},
		"subnets have no order":   {`{"VpcConfig": {"SubnetIds": ["b", "a"]}}`, `{"VpcConfig": {"SubnetIds": ["a", "b"], "SecurityGroupIds": ["s"], "VpcId": "v"}}`, `{}`},
		"objects are complete":    {`{"VpcConfig": {"SubnetIds": ["c"]}}`, `{"VpcConfig": {"SubnetIds": ["a"], "SecurityGroupIds": ["s"], "VpcId": "v"}}`, `{"VpcConfig":{"SecurityGroupIds":["s"],"SubnetIds":["c"]}}`},
		"no VPC":                  {`{"VpcConfig": {}}`, `{"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": false}}`, `{}`},
		"out of the VPC":          {`{"VpcConfig": {}}`, `{"VpcConfig": {"SubnetIds": ["a"], "SecurityGroupIds": ["s"]}}`, `{"VpcConfig":{"Ipv6AllowedForDualStack":false,"SecurityGroupIds":[],"SubnetIds":[]}}`},
		"no key":                  {`{"KMSKeyArn": ""}`, `{}`, `{}`},
		"key removed":             {`{"KMSKeyArn": ""}`, `{"KMSKeyArn": "k"}`, `{"KMSKeyArn":""}`},
		"no dead-letter target":   {`{"DeadLetterConfig": {"TargetArn": ""}}`, `{"DeadLetterConfig": {}}`, `{}`},
		"target removed":          {`{"DeadLetterConfig": {}}`, `{"DeadLetterConfig": {"TargetArn": "q"}}`, `{"DeadLetterConfig":{"TargetArn":""}}`},
		"defaults":                {`{"SnapStart": {"ApplyOn": "None"}, "TracingConfig": {"Mode": "PassThrough"}, "EphemeralStorage": {"Size": 512}}`, `{}`, `{}`},
		"from the default":        {`{"SnapStart": {"ApplyOn": "PublishedVersions"}}`, `{"SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}}`, `{"SnapStart":{"ApplyOn":"PublishedVersions"}}`},
		"to the default":          {`{"TracingConfig": {"Mode": "PassThrough"}}`, `{"TracingConfig": {"Mode": "Active"}}`, `{"TracingConfig":{"Mode":"PassThrough"}}`},
		"variables are replaced":  {`{"Environment": {"Variables": {"AA": "1"}}}`, `{"Environment": {"Variables": {"AA": "1", "BB": "2"}}}`, `{"Environment":{"Variables":{"AA":"1"}}}`},
		"an empty variable":       {`{"Environment": {"Variables": {"AA": ""}}}`, `{"Environment": {"Variables": {}}}`, `{"Environment":{"Variables":{"AA":""}}}`},
		"no variables":            {`{"Environment": {}}`, `{"Environment": {"Variables": {}}}`, `{}`},
		"variables removed":       {`{"Environment": {}}`, `{"Environment": {"Variables": {"AA": "1"}}}`, `{"Environment":{"Variables":{}}}`},
		"JSON has levels":         {`{"LoggingConfig": {"LogFormat": "JSON"}}`, `{"LoggingConfig": {"LogFormat": "Text", "LogGroup": "g"}}`, `{"LoggingConfig":{"ApplicationLogLevel":"INFO","LogFormat":"JSON","LogGroup":"g","SystemLogLevel":"INFO"}}`},
		"text has none":           {`{"LoggingConfig": {"LogFormat": "Text"}}`, `{"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "g", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}}`, `{"LoggingConfig":{"LogFormat":"Text","LogGroup":"g"}}`},
		"one level":               {`{"LoggingConfig": {"SystemLogLevel": "WARN"}}`, `{"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "g", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}}`, `{"LoggingConfig":{"ApplicationLogLevel":"INFO","LogFormat":"JSON","LogGroup":"g","SystemLogLevel":"WARN"}}`},
		"the same logging":        {`{"LoggingConfig": {"LogFormat": "JSON"}}`, `{"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "g", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN"}}`, `{}`},
		"an empty argument":       {`{"ImageConfig": {"Command": ["run", ""]}}`, `{"ImageConfig": {"Command": ["run"]}}`, `{"ImageConfig":{"Command":["run",""]}}`},
		"a default in a list":     {`{"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a"}]}`, `{"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a", "S3FilesConfig": {"DirectS3Read": "AUTO"}}]}`, `{}`},
		"no overrides":            {`{"ImageConfig": {}}`, `{"ImageConfig": {"Command": ["run"]}}`, `{"ImageConfig":{"Command":[],"EntryPoint":[],"WorkingDirectory":""}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given, is := parse(t, tt.given), has(t, tt.has)
			if got := string(given.Changes(is).JSON()); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			after := given.Over(is)
			if again := given.Changes(after); !again.IsZero() {
				t.Errorf("when that is written, it still differs: %s", again.JSON())
			}
			if back := is.Restore(after).Over(after); string(back.JSON()) != string(is.JSON()) {
				t.Errorf("restored, it is %s, and was %s", back.JSON(), is.JSON())
			}
		})
	}
}

// TestWith: variables that are not named stay.
func TestWith(t *testing.T) {
	t.Parallel()
	one := "1"
	c := configuration.Configuration{}.With(configuration.Environment{"AA": &one, "BB": nil, "GONE": nil}, map[string]string{"BB": "2", "CC": "3"})
	if diff := cmp.Diff(map[string]string{"AA": "1", "CC": "3"}, c.Variables()); diff != "" {
		t.Error(diff)
	}
	if same := c.With(nil, map[string]string{"DD": "4"}); len(same.Variables()) != 2 {
		t.Error(same.Variables())
	}
}

// TestDifferences: values of variables are never among the words.
func TestDifferences(t *testing.T) {
	t.Parallel()
	from := has(t, `{"MemorySize": 128, "Role": "arn:aws:iam::1:role/a", "Layers": ["arn:aws:lambda:r:1:layer:x:1", "arn:aws:lambda:r:1:layer:y:1"],
		"Environment": {"Variables": {"AA": "s3cr3t", "BB": "s3cr3t"}}, "FileSystemConfigs": [{"Arn": "fs", "LocalMountPath": "/mnt/x"}]}`)
	to := has(t, `{"MemorySize": 256, "Role": "arn:aws:iam::1:role/b", "Layers": ["arn:aws:lambda:r:1:layer:y:1", "arn:aws:lambda:r:1:layer:x:1"],
		"Environment": {"Variables": {"AA": "s3cr3t2", "CC": "s3cr3t"}}, "FileSystemConfigs": [], "SnapStart": {"ApplyOn": "PublishedVersions"},
		"ImageConfig": {"Command": ["--password=s3cr3t"]}, "EphemeralStorage": {"Size": 1024}, "KMSKeyArn": "arn:aws:kms:r:1:key/k"}`)
	want := []string{
		"memory 128 MB -> 256 MB", "role a -> b", "layers in another order", "environment ~AA +CC -BB", "KMS key none -> k", "file systems -/mnt/x",
		"ephemeral storage 512 MB -> 1024 MB", "SnapStart None -> PublishedVersions", "command of the image changed",
	}
	if diff := cmp.Diff(want, to.Differences(from)); diff != "" {
		t.Error(diff)
	}
	from, to = has(t, `{"Role": "arn:aws:iam::1:role/a"}`), has(t, `{"Role": "arn:aws:iam::2:role/a"}`)
	if diff := cmp.Diff([]string{"role arn:aws:iam::1:role/a -> arn:aws:iam::2:role/a"}, to.Differences(from)); diff != "" {
		t.Error(diff)
	}
	if got := to.Differences(to); got != nil {
		t.Error(got)
	}
}

// TestTextAsWritten: variables are texts, whatever YAML reads.
func TestTextAsWritten(t *testing.T) {
	t.Parallel()
	c := parse(t, "Environment:\n  Variables:\n    PORT: 8080\n    DEBUG: TRUE\n    MODE: 0755\n    RATE: 1.50\n    DAY: 2024-01-01\n    TEXT: |\n      a\n      b\n    QUOTED: \"x\\ty\"\n    EMPTY: ''\n    YES: yes\n")
	want := map[string]string{
		"PORT": "8080", "DEBUG": "TRUE", "MODE": "0755", "RATE": "1.50", "DAY": "2024-01-01", "TEXT": "a\nb\n", "QUOTED": "x\ty", "EMPTY": "", "YES": "yes",
	}
	if diff := cmp.Diff(want, c.Variables()); diff != "" {
		t.Error(diff)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ document, want string }{
		"nothing":         {"", "f:1:1: …: not an object; write the keys of UpdateFunctionConfiguration, such as MemorySize: 512"},
		"a comment":       {"# later", "f:1:1: …: not an object; write the keys of UpdateFunctionConfiguration, such as MemorySize: 512"},
		"two documents":   {"MemorySize: 512\n---\nTimeout: 3", "f:3:8: a second document; write one document in a file"},
		"JSON":            {`{"MemorySize": 512, "Timeout": 3`, `f:1:1: MemorySize: …: neither YAML nor JSON: could not find flow mapping end token '}'`},
		"octal":           {"MemorySize: 0512", "f:1:13: MemorySize: 0512: not written as such a number; must be a whole number from 128 to 32768"},
		"fraction":        {"Timeout: 1.5", "f:1:10: Timeout: 1.5: not written as such a number; must be a whole number from 1 to 5400"},
		"null":            {"Role:", "f:1:1: Role: null: no value; give one, or leave the key out"},
		"empty":           {"LoggingConfig: {}", "f:1:16: LoggingConfig: {…}: empty; give LogFormat, ApplicationLogLevel, SystemLogLevel or LogGroup, or leave the key out"},
		"in an object":    {"LoggingConfig: {Format: JSON}", "f:1:17: Format: …: unknown key (did you mean LogFormat?); allowed are LogFormat, ApplicationLogLevel, SystemLogLevel, LogGroup"},
		"without a field": {"FileSystemConfigs: [{Arn: a}]", "f:1:21: FileSystemConfigs: {…}: without LocalMountPath; give it"},
		"a secret":        {"Environment: {Variables: [s3cr3t]}", "f:1:26: Variables: …: a list; must be an object of variables, NAME: VALUE"},
		"another secret":  {"Environment: TOKEN=s3cr3t", "f:1:14: Environment: …: a text; must be an object with Variables"},
		"arguments":       {"ImageConfig: {Command: --password=s3cr3t}", "f:1:24: Command: …: a text; must be a list"},
		"an argument":     {"ImageConfig: {Command: [1234]}", "f:1:25: Command: …: a number; must be a text"},
		"an empty text":   {"Runtime: ''", `f:1:10: Runtime: "": empty; give it, or leave it out`},
		"an empty layer":  {"Layers: ['']", `f:1:10: Layers: "": empty; give it, or leave it out`},
		"merge key":       {"<<: {MemorySize: 512}", "f:1:1: only names are supported as keys; write the value itself"},
		"a boolean":       {"VpcConfig: {Ipv6AllowedForDualStack: 1}", "f:1:38: Ipv6AllowedForDualStack: 1: a number; must be true or false"},
		"a long secret":   {"Environment:\n  Variables:\n    KEY: |\n  s3cr3t: x\n", "s3cr3t"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := configuration.Parse("f", []byte(tt.document))
			if name == "a long secret" { // a key may be shown, and no value
				for _, p := range problems {
					if strings.Contains(p.Error(), ": x") {
						t.Error(p)
					}
				}
				return
			}
			if len(problems) != 1 || problems[0].Error() != tt.want {
				t.Errorf("%q, want %q", problems, tt.want)
			}
		})
	}
}

// FuzzParse: whatever the document, nothing panics, and what was read can be written
// and compared.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"MemorySize": 512}`, "Environment:\n  Variables: {AA: 1}", "VpcConfig: {}", "Layers: [a, b]", "a: &x 1\nb: *x", "? [a]\n: b", "<<: {a: 1}", "- a", "FileSystemConfigs: [{Arn: a, LocalMountPath: b}]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		file, problems := configuration.Parse("f", []byte(document))
		if len(problems) > 0 {
			return
		}
		c := file.Configuration
		var back map[string]any
		if err := json.Unmarshal(c.JSON(), &back); err != nil {
			t.Fatal(err)
		}
		after := c.Over(configuration.Of(nil))
		if again := c.Changes(after); !again.IsZero() {
			t.Errorf("%s still differs: %s", c.JSON(), again.JSON())
		}
	})
}

// TestWords: a configuration in words has the names of variables only.
func TestWords(t *testing.T) {
	t.Parallel()
	got := parse(t, `{"MemorySize": 512, "Environment": {"Variables": {"TABLE": "secret", "LEVEL": "secret"}}, "Layers": ["arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"],
		"Role": "arn:aws:iam::123456789012:role/items", "TracingConfig": {"Mode": "Active"}, "ImageConfig": {"Command": ["secret"], "WorkingDirectory": "/srv"}}`).Words()
	want := []string{"memory 512 MB", "role items", "layers tools:3", "environment LEVEL TABLE", "tracing Active", "command of the image", "working directory of the image /srv"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
