package awsapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
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

	CodeSHA256     string // base64; of an image the digest
	CodeBytes      int64
	LastModified   string // as AWS writes it: 2026-11-23T10:20:30.000+0000
	PackageType    string // Zip or Image
	Runtime        string
	Handler        string
	MemoryMB       int32
	TimeoutSeconds int32
	Role           string
	DeadLetter     string   // ARN of the dead-letter queue or topic
	Architectures  []string // arm64, x86_64
	Layers         []string // ARNs with their versions
	SnapStart      bool     // versions have a snapshot, which costs money while they exist
	Durable        bool     // executions may stay on the version for up to a year
	// Environment's values are secrets: they are compared and never shown.
	Environment map[string]string

	// Fingerprint is equal for two versions that have the same code and the same
	// configuration. It means nothing if there is an EnvironmentError.
	Fingerprint string
	// EnvironmentError is why AWS could not read the environment, such as a
	// missing permission for its key; "" if it could.
	EnvironmentError string
}

func configuration(f *types.FunctionConfiguration) Configuration {
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
		Runtime:          string(f.Runtime),
		Handler:          aws.ToString(f.Handler),
		MemoryMB:         aws.ToInt32(f.MemorySize),
		TimeoutSeconds:   aws.ToInt32(f.Timeout),
		Role:             aws.ToString(f.Role),
		SnapStart:        f.SnapStart != nil && f.SnapStart.ApplyOn == types.SnapStartApplyOnPublishedVersions,
		Durable:          f.DurableConfig != nil,
		Fingerprint:      fingerprint(*f),
	}
	if f.DeadLetterConfig != nil {
		c.DeadLetter = aws.ToString(f.DeadLetterConfig.TargetArn)
	}
	for _, a := range f.Architectures {
		c.Architectures = append(c.Architectures, string(a))
	}
	for _, l := range f.Layers {
		c.Layers = append(c.Layers, aws.ToString(l.Arn))
	}
	if f.Environment != nil {
		c.Environment = f.Environment.Variables
		if e := f.Environment.Error; e != nil {
			c.EnvironmentError = cmp.Or(reason(e.Message, aws.ToString(e.ErrorCode)), "AWS gives no reason")
		}
	}
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
	return configuration(&f)
}

// fingerprint is a hash of everything that makes two versions behave alike. What
// it leaves out differs between versions of the same code and configuration, or
// is AWS's own.
func fingerprint(f types.FunctionConfiguration) string {
	f.Version, f.FunctionArn, f.MasterArn, f.Description = nil, nil, nil, nil
	f.RevisionId, f.LastModified, f.CodeSize = nil, nil, 0
	f.State, f.StateReason, f.StateReasonCode = "", nil, ""
	f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonCode = "", nil, ""
	f.RuntimeVersionConfig, f.SigningJobArn, f.SigningProfileVersionArn = nil, nil, nil
	code := aws.ToString(f.CodeSha256)
	f.CodeSha256 = nil
	f.ConfigSha256 = nil // what it covers is not documented, and it covers nothing more
	if f.SnapStart != nil {
		f.SnapStart = &types.SnapStartResponse{ApplyOn: f.SnapStart.ApplyOn}
	}
	if f.VpcConfig != nil { // its lists have no order
		vpc := *f.VpcConfig
		vpc.SubnetIds, vpc.SecurityGroupIds = slices.Sorted(slices.Values(vpc.SubnetIds)), slices.Sorted(slices.Values(vpc.SecurityGroupIds))
		f.VpcConfig = &vpc
	}
	document, _ := json.Marshal(f)
	var tree any
	_ = json.Unmarshal(document, &tree) // it was just encoded
	document, _ = json.Marshal(withoutZeros(tree))
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:]) + " " + code
}

// WithCode is the configuration as it would be with other code.
func (c Configuration) WithCode(sha256 string) Configuration {
	head, _, _ := strings.Cut(c.Fingerprint, " ")
	c.CodeSHA256, c.Fingerprint = sha256, head+" "+sha256
	return c
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
