package localaws_test

import (
	"slices"
	"strings"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// settings are the members of a configuration that are neither code nor state.
func settingsOf(c *types.FunctionConfiguration) map[string]any {
	return map[string]any{
		"Environment":         c.Environment,
		"TracingConfig":       c.TracingConfig,
		"EphemeralStorage":    c.EphemeralStorage,
		"LoggingConfig":       c.LoggingConfig,
		"ImageConfigResponse": c.ImageConfigResponse,
		"VpcConfig":           c.VpcConfig,
		"KMSKeyArn":           aws.ToString(c.KMSKeyArn),
		"FileSystemConfigs":   c.FileSystemConfigs,
	}
}

var ignoreUnexported = cmpopts.IgnoreUnexported(types.EnvironmentResponse{}, types.EnvironmentError{}, types.TracingConfigResponse{}, types.EphemeralStorage{}, types.LoggingConfig{}, types.ImageConfigResponse{}, types.ImageConfig{}, types.VpcConfigResponse{}, types.FileSystemConfig{})

func TestSettingsAreKept(t *testing.T) {
	t.Parallel()
	_, api := start(t, localaws.Options{})
	must(api.CreateFunction(t.Context(), newFunction(t)))(t)
	standard := map[string]any{
		"Environment":         (*types.EnvironmentResponse)(nil),
		"TracingConfig":       &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		"EphemeralStorage":    &types.EphemeralStorage{Size: aws.Int32(512)},
		"LoggingConfig":       &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/fn")},
		"ImageConfigResponse": (*types.ImageConfigResponse)(nil),
		"VpcConfig":           (*types.VpcConfigResponse)(nil),
		"KMSKeyArn":           "",
		"FileSystemConfigs":   []types.FileSystemConfig(nil),
	}
	check := func(qualifier string, want map[string]any) {
		t.Helper()
		if diff := cmp.Diff(want, settingsOf(getFunction(t, api, qualifier)), ignoreUnexported); diff != "" {
			t.Error(diff)
		}
	}
	check("", standard)
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)

	const key, mount = "arn:aws:kms:eu-central-1:123456789012:key/k", "arn:aws:elasticfilesystem:eu-central-1:123456789012:access-point/fsap-1"
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName:      aws.String("fn"),
		Environment:       &types.Environment{Variables: map[string]string{}},
		TracingConfig:     &types.TracingConfig{Mode: types.TracingModeActive},
		EphemeralStorage:  &types.EphemeralStorage{Size: aws.Int32(1024)},
		LoggingConfig:     &types.LoggingConfig{LogFormat: types.LogFormatJson, SystemLogLevel: types.SystemLogLevelWarn},
		VpcConfig:         &types.VpcConfig{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}},
		KMSKeyArn:         aws.String(key),
		FileSystemConfigs: []types.FileSystemConfig{{Arn: aws.String(mount), LocalMountPath: aws.String("/mnt/x")}},
	}))(t)
	changed := map[string]any{
		"Environment":         &types.EnvironmentResponse{Variables: map[string]string{}},
		"TracingConfig":       &types.TracingConfigResponse{Mode: types.TracingModeActive},
		"EphemeralStorage":    &types.EphemeralStorage{Size: aws.Int32(1024)},
		"LoggingConfig":       &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: aws.String("/aws/lambda/fn"), ApplicationLogLevel: types.ApplicationLogLevelInfo, SystemLogLevel: types.SystemLogLevelWarn},
		"ImageConfigResponse": (*types.ImageConfigResponse)(nil),
		"VpcConfig":           &types.VpcConfigResponse{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}, VpcId: aws.String("vpc-0localaws"), Ipv6AllowedForDualStack: aws.Bool(false)},
		"KMSKeyArn":           key,
		"FileSystemConfigs":   []types.FileSystemConfig{{Arn: aws.String(mount), LocalMountPath: aws.String("/mnt/x")}},
	}
	check("", changed)
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)

	// Text has no levels; an empty image config overrides nothing.
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName:  aws.String("fn"),
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("cool")},
		ImageConfig:   &types.ImageConfig{},
	}))(t)
	got := getFunction(t, api, "")
	if diff := cmp.Diff(&types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("cool")}, got.LoggingConfig, ignoreUnexported); diff != "" {
		t.Error(diff)
	}
	equal(t, "ImageConfigResponse", got.ImageConfigResponse == nil, true)
	check("1", standard)
	check("2", changed)
}

func TestEnvironmentThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) { f.EnvironmentError = "no access to the key" })
	e := getFunction(t, api, "").Environment
	equal(t, "error", *e.Error.ErrorCode+" "+*e.Error.Message, "AccessDeniedException no access to the key")
	equal(t, "Variables", len(e.Variables), 0)
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	_, api := withFunction(t, localaws.Options{})
	const one = "1 validation error detected: Value "
	tests := map[string]struct {
		in      lambda.UpdateFunctionConfigurationInput
		code    string
		message string
	}{
		"unknown runtime": {
			lambda.UpdateFunctionConfigurationInput{Runtime: "PYTHON3.9"}, "InvalidParameterValueException",
			"Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN",
		},
		"retired runtime": {
			lambda.UpdateFunctionConfigurationInput{Runtime: "go1.x"}, "InvalidParameterValueException",
			"The runtime parameter of go1.x is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.",
		},
		"SnapStart": {
			lambda.UpdateFunctionConfigurationInput{SnapStart: &types.SnapStart{ApplyOn: "invalidOption"}}, "ValidationException",
			one + "'invalidOption' at 'snapStart.applyOn' failed to satisfy constraint: Member must satisfy enum value set: [PublishedVersions, None]",
		},
		"tracing": {
			lambda.UpdateFunctionConfigurationInput{TracingConfig: &types.TracingConfig{Mode: "On"}}, "ValidationException",
			one + "'On' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]",
		},
		"storage": {
			lambda.UpdateFunctionConfigurationInput{EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(1)}}, "ValidationException",
			one + "'1' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value greater than or equal to 512",
		},
		"timeout": {
			lambda.UpdateFunctionConfigurationInput{Timeout: aws.Int32(901)}, "InvalidParameterValueException",
			one + "'901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
		},
		"memory": {
			lambda.UpdateFunctionConfigurationInput{MemorySize: aws.Int32(10241)}, "InvalidParameterValueException",
			"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240",
		},
		"reserved variables": {
			lambda.UpdateFunctionConfigurationInput{Environment: &types.Environment{Variables: map[string]string{"AB": "1", "AWS_REGION": "x"}}}, "InvalidParameterValueException",
			"Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION",
		},
		"image config of a zip": {
			lambda.UpdateFunctionConfigurationInput{ImageConfig: &types.ImageConfig{Command: []string{"run"}}}, "InvalidParameterValueException",
			"Please don't provide ImageConfig when the intended function PackageType is Zip.",
		},
		"many layers": {
			lambda.UpdateFunctionConfigurationInput{Layers: slices.Repeat([]string{"arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"}, 6)}, "InvalidParameterValueException",
			"Cannot reference more than 5 layers.",
		},
		"no layer": {
			lambda.UpdateFunctionConfigurationInput{Layers: []string{"tools"}}, "ValidationException",
			one + "'tools' at 'layers' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+",
		},
		"half a VPC": {
			lambda.UpdateFunctionConfigurationInput{VpcConfig: &types.VpcConfig{SubnetIds: []string{"subnet-1"}}}, "InvalidParameterValueException",
			"SubnetIds and SecurityIds must coexist or be both empty list.",
		},
		"levels of text": {
			lambda.UpdateFunctionConfigurationInput{LoggingConfig: &types.LoggingConfig{SystemLogLevel: types.SystemLogLevelWarn}}, "InvalidParameterValueException",
			"Setting log levels is only supported when LogFormat is set to JSON.",
		},
		"variable": {
			lambda.UpdateFunctionConfigurationInput{Environment: &types.Environment{Variables: map[string]string{"9A": "1"}}}, "ValidationException",
			one + "'9A' at 'environment.variables' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+",
		},
		"large environment": {
			lambda.UpdateFunctionConfigurationInput{Environment: &types.Environment{Variables: map[string]string{"AB": strings.Repeat("x", 4088)}}}, "InvalidParameterValueException",
			`Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {"AB":"` + strings.Repeat("x", 4088) + `"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.in.FunctionName = aws.String("fn")
			_, err := api.UpdateFunctionConfiguration(t.Context(), &tt.in)
			wantError(t, err, 400, tt.code, tt.message)
		})
	}
	for list, message := range map[string]string{
		"x86_64 arm64": one + "'[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1",
		"X86_64":       one + "'[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
	} {
		in := newFunction(t)
		for _, name := range strings.Fields(list) {
			in.Architectures = append(in.Architectures, types.Architecture(name))
		}
		_, err := api.CreateFunction(t.Context(), in)
		wantError(t, err, 400, "ValidationException", message)
		_, err = api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: in.Code.ZipFile, Architectures: in.Architectures})
		wantError(t, err, 400, "ValidationException", message)
	}
}

func TestA12dSnapStart(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) { f.SnapStart = "PublishedVersions" })
	publish(c, 1)
	_, err := putProvisioned(t, api, "1", 1)
	wantError(t, err, 400, "InvalidParameterValueException", "Provisioned Concurrency Configs cannot be applied to functions with SnapStart enabled.")
}

func TestTags(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	list := func() map[string]string {
		t.Helper()
		return must(api.ListTags(t.Context(), &lambda.ListTagsInput{Resource: aws.String(arn)}))(t).Tags
	}
	equal(t, "number of tags", len(list()), 0)
	must(api.TagResource(t.Context(), &lambda.TagResourceInput{Resource: aws.String(arn), Tags: map[string]string{"A": "a", "B": "b", "C": "c"}}))(t)
	must(api.TagResource(t.Context(), &lambda.TagResourceInput{Resource: aws.String(arn), Tags: map[string]string{"A": "new"}}))(t)
	must(api.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: aws.String(arn), TagKeys: []string{"B", "C", "D"}}))(t)
	if diff := cmp.Diff(map[string]string{"A": "new"}, list()); diff != "" {
		t.Error(diff)
	}
	_, err := api.ListTags(t.Context(), &lambda.ListTagsInput{Resource: aws.String(arn + ":1")})
	wantError(t, err, 400, "InvalidParameterValueException", "Tags on function aliases and versions are not supported. Please specify a function ARN.")
	_, err = api.ListTags(t.Context(), &lambda.ListTagsInput{Resource: aws.String(arn + "x")})
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+arn+"x")
}
