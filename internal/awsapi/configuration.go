package awsapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/configuration"
)

// Configuration is the configuration of a version or of $LATEST.
type Configuration struct {
	Version     string
	ARN         string
	Description string
	Revision    string

	State            string // Pending, Active, Inactive, Failed and others
	StateReason      string // AWS's reason and its code
	LastUpdate       string // InProgress, Successful, Failed
	LastUpdateReason string

	CodeSHA256    string // base64; of an image the digest
	CodeBytes     int64
	LastModified  string // as AWS writes it: 2026-11-23T10:20:30.000+0000
	PackageType   string // Zip or Image
	Runtime       string
	Handler       string
	Role          string
	DeadLetter    string   // ARN of the dead-letter queue or topic
	Architectures []string // arm64, x86_64
	Layers        []string // ARNs with their versions
	SnapStart     bool     // versions have a snapshot, which costs money while they exist
	Reserved      bool     // the function has reserved concurrency; only Client.Configuration reads that
	Durable       bool     // executions may stay on the version for up to a year
	// Environment's values are secrets: they are compared and never shown.
	Environment map[string]string

	// Settings is all of it that UpdateFunctionConfiguration can change, except for the
	// description.
	Settings configuration.Configuration
	rest     string // a hash of what else makes two versions behave alike, except for the code

	// Fingerprint is equal for two versions that have the same code and the same
	// configuration. It means nothing if there is an EnvironmentError.
	Fingerprint string
	// EnvironmentError is why AWS could not read the environment, such as a
	// missing permission for its key; "" if it could.
	EnvironmentError string
}

func configurationFrom(f *types.FunctionConfiguration) Configuration {
	c := Configuration{
		Version:          aws.ToString(f.Version),
		ARN:              aws.ToString(f.FunctionArn),
		Description:      aws.ToString(f.Description),
		Revision:         aws.ToString(f.RevisionId),
		State:            string(f.State),
		StateReason:      reason(f.StateReason, string(f.StateReasonCode)),
		LastUpdate:       string(f.LastUpdateStatus),
		LastUpdateReason: reason(f.LastUpdateStatusReason, string(f.LastUpdateStatusReasonCode)),
		CodeSHA256:       aws.ToString(f.CodeSha256),
		CodeBytes:        f.CodeSize,
		LastModified:     aws.ToString(f.LastModified),
		PackageType:      string(f.PackageType),
		Durable:          f.DurableConfig != nil, // also if that is empty
	}
	for _, a := range f.Architectures {
		c.Architectures = append(c.Architectures, string(a))
	}
	if f.Environment != nil && f.Environment.Error != nil {
		e := f.Environment.Error
		c.EnvironmentError = cmp.Or(reason(e.Message, aws.ToString(e.ErrorCode)), "AWS gives no reason")
	}
	settings, rest := contentOf(f)
	c.rest = rest
	return c.having(settings)
}

// having is c with other settings.
func (c Configuration) having(settings configuration.Configuration) Configuration {
	c.Settings = settings
	c.Runtime, c.Handler, c.Role = settings.Text("Runtime"), settings.Text("Handler"), settings.Text("Role")
	c.DeadLetter, c.Layers, c.Environment = settings.Text("DeadLetterConfig", "TargetArn"), settings.Texts("Layers"), settings.Variables()
	c.SnapStart = settings.Text("SnapStart", "ApplyOn") == string(types.SnapStartApplyOnPublishedVersions)
	c.Durable = c.Durable || settings.Has("DurableConfig")
	return c.fingerprinted()
}

// With is the configuration as it would be after these settings are written to it.
func (c Configuration) With(given configuration.Configuration) Configuration {
	return c.having(given.Over(c.Settings))
}

// WithCode is the configuration as it would be with other code.
func (c Configuration) WithCode(sha256 string) Configuration {
	c.CodeSHA256 = sha256
	return c.fingerprinted()
}

func (c Configuration) fingerprinted() Configuration {
	sum := sha256.Sum256(append(c.Settings.JSON(), c.rest...))
	c.Fingerprint = hex.EncodeToString(sum[:]) + " " + c.CodeSHA256
	return c
}

func reason(text *string, code string) string {
	switch {
	case code == "":
		return aws.ToString(text)
	case aws.ToString(text) == "":
		return code
	}
	return *text + " (" + code + ")"
}

// configurationOf is the configuration in the answer of an operation such as
// PublishVersion. Those answers have all the fields of a FunctionConfiguration,
// but types of their own.
func configurationOf[Out any](out *Out) Configuration {
	var f types.FunctionConfiguration
	to, from := reflect.ValueOf(&f).Elem(), reflect.ValueOf(out).Elem()
	for i := range to.NumField() {
		if name := to.Type().Field(i); name.IsExported() {
			to.Field(i).Set(from.FieldByName(name.Name))
		}
	}
	return configurationFrom(&f)
}

// passing are the fields that differ between versions of the same code and
// configuration, or are AWS's own. What ConfigSha256 covers is not documented, and it
// covers nothing more.
var passing = []string{
	"Version", "FunctionArn", "MasterArn", "Description", "RevisionId", "LastModified", "CodeSize", "CodeSha256", "ConfigSha256",
	"State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode",
	"RuntimeVersionConfig", "SigningJobArn", "SigningProfileVersionArn",
}

// contentOf is everything that makes two versions of a function with the same code
// behave alike: settings, and a hash of the rest.
func contentOf(f *types.FunctionConfiguration) (settings configuration.Configuration, rest string) {
	document, _ := json.Marshal(f) // its fields are named as in the API
	var tree map[string]any
	_ = json.Unmarshal(document, &tree) // it was just encoded
	var layers []any
	for _, l := range f.Layers {
		layers = append(layers, aws.ToString(l.Arn))
	}
	tree["Layers"] = layers
	if image, ok := tree["ImageConfigResponse"].(map[string]any); ok {
		tree["ImageConfig"] = image["ImageConfig"]
	}
	delete(tree, "ImageConfigResponse")
	settings = configuration.Of(tree)
	for _, name := range slices.Concat(passing, configuration.Names()) {
		delete(tree, name)
	}
	left, _ := json.Marshal(withoutZeros(tree))
	sum := sha256.Sum256(left)
	return settings, hex.EncodeToString(sum[:])
}

// withoutZeros removes what is empty from a JSON value: operations differ in
// whether they leave it out. The result is nil if nothing is left.
func withoutZeros(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			if v[key] = withoutZeros(field); v[key] == nil {
				delete(v, key)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = withoutZeros(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string, float64, bool:
		if reflect.ValueOf(v).IsZero() {
			return nil
		}
	}
	return value
}
