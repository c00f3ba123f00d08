package awsapi

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
)

const everySetting = `{
	"Runtime": "python3.13", "Handler": "main.handler", "MemorySize": 512, "Timeout": 30, "Role": "arn:aws:iam::123456789012:role/x",
	"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead"}, "Layers": ["arn:aws:lambda:eu-central-1:123456789012:layer:tools:3"],
	"Environment": {"Variables": {"AA": "1"}}, "KMSKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k",
	"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": true},
	"FileSystemConfigs": [{"Arn": "fs", "LocalMountPath": "/mnt/x", "S3FilesConfig": {"DirectS3Read": "ENABLED"}}], "EphemeralStorage": {"Size": 1024},
	"TracingConfig": {"Mode": "Active"}, "SnapStart": {"ApplyOn": "PublishedVersions"},
	"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN", "LogGroup": "g"},
	"ImageConfig": {"EntryPoint": ["a"], "Command": ["b"], "WorkingDirectory": "/c"},
	"DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 7, "KMSKeyArn": "k"},
	"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {
		"CapacityProviderArn": "c", "PerExecutionEnvironmentMaxConcurrency": 10, "ExecutionEnvironmentMemoryGiBPerVCpu": 2.5}}
}`

// TestSettings: the settings are those of UpdateFunctionConfiguration, all of them.
func TestSettings(t *testing.T) {
	t.Parallel()
	file, problems := configuration.Parse("test", []byte(everySetting))
	for _, p := range problems {
		t.Error(p)
	}
	in := &lambda.UpdateFunctionConfigurationInput{}
	if err := setInput(in, file.Configuration); err != nil {
		t.Fatal(err)
	}
	for _, name := range configuration.Names() {
		if !file.Configuration.Has(name) {
			t.Errorf("no %s in the document", name)
		}
	}
	others := []string{"FunctionName", "RevisionId", "Description"}
	unset(t, "", reflect.ValueOf(in).Elem(), others)

	// What AWS answers is read as the same.
	f := types.FunctionConfiguration{
		Runtime: in.Runtime, Handler: in.Handler, MemorySize: in.MemorySize, Timeout: in.Timeout, Role: in.Role, DeadLetterConfig: in.DeadLetterConfig,
		Layers: []types.Layer{{Arn: &in.Layers[0], CodeSize: 5}}, Environment: &types.EnvironmentResponse{Variables: in.Environment.Variables}, KMSKeyArn: in.KMSKeyArn,
		VpcConfig:         &types.VpcConfigResponse{SubnetIds: in.VpcConfig.SubnetIds, SecurityGroupIds: in.VpcConfig.SecurityGroupIds, Ipv6AllowedForDualStack: in.VpcConfig.Ipv6AllowedForDualStack},
		FileSystemConfigs: in.FileSystemConfigs, EphemeralStorage: in.EphemeralStorage, TracingConfig: &types.TracingConfigResponse{Mode: in.TracingConfig.Mode},
		SnapStart: &types.SnapStartResponse{ApplyOn: in.SnapStart.ApplyOn, OptimizationStatus: types.SnapStartOptimizationStatusOn}, LoggingConfig: in.LoggingConfig,
		ImageConfigResponse: &types.ImageConfigResponse{ImageConfig: in.ImageConfig}, DurableConfig: in.DurableConfig, CapacityProviderConfig: in.CapacityProviderConfig,
	}
	if changes := file.Configuration.Changes(configurationFrom(&f).Settings); !changes.IsZero() {
		t.Errorf("AWS has them, and they differ: %s", changes.JSON())
	}
	if got, want := configurationFrom(&types.FunctionConfiguration{}).With(file.Configuration).Fingerprint, configurationFrom(&f).Fingerprint; got != want {
		t.Errorf("with the settings it is %s, read as %s", got, want)
	}
}

// unset reports the exported fields that are zero.
func unset(t *testing.T, path string, v reflect.Value, except []string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			t.Errorf("%s cannot be given", path)
			return
		}
		unset(t, path, v.Elem(), nil)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !slices.Contains(except, f.Name) {
				unset(t, path+"."+f.Name, v.Field(i), nil)
			}
		}
	case reflect.Slice:
		if v.Len() == 0 {
			t.Errorf("%s cannot be given", path)
			return
		}
		unset(t, path, v.Index(0), nil)
	default:
		if v.IsZero() {
			t.Errorf("%s cannot be given", path)
		}
	}
}

// TestConceal: what AWS repeats of an environment is not shown.
func TestConceal(t *testing.T) {
	t.Parallel()
	e := &Error{Action: lambdaAction("UpdateFunctionConfiguration"), secrets: []string{"hunter22", "no"}}
	for said, want := range map[string]string{
		"exceeded the 4KB limit. String measured: {\"A\":\"hunter22\"}": "exceeded the 4KB limit.",
		"the value hunter22 is not allowed":                             "the value … is not allowed",
	} {
		e.Err = &types.InvalidParameterValueException{Message: &said}
		if got := e.Error(); !strings.HasSuffix(got, want) {
			t.Errorf("%q, want it to end in %q", got, want)
		}
	}
}

// TestConcealsNoNames: values of variables are not shown where AWS may repeat them, and names
// are where it does not.
func TestConcealsNoNames(t *testing.T) {
	t.Parallel()
	e := &Error{Action: Action{Op: "UpdateFunctionConfiguration"}, Function: function.ID{Given: "items"}, secrets: []string{"s3cr3t", "items"}}
	for kind, want := range map[Kind]string{
		Invalid: "UpdateFunctionConfiguration items: X: … of …",
		Other:   "UpdateFunctionConfiguration items: X: … of …",
		Denied:  "UpdateFunctionConfiguration items: X: s3cr3t of items",
	} {
		e.Kind, e.Err = kind, &smithy.GenericAPIError{Code: "X", Message: "s3cr3t of items"}
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
