package awsapi

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go/logging"
)

// The answers that configurationOf copies have every field of a configuration.
func TestConfigurationOf(t *testing.T) {
	t.Parallel()
	want := reflect.TypeFor[types.FunctionConfiguration]()
	for _, answer := range []reflect.Type{
		reflect.TypeFor[lambda.PublishVersionOutput](), reflect.TypeFor[lambda.UpdateFunctionCodeOutput](), reflect.TypeFor[lambda.UpdateFunctionConfigurationOutput](),
	} {
		for i := range want.NumField() {
			field := want.Field(i)
			if got, ok := answer.FieldByName(field.Name); field.IsExported() && (!ok || got.Type != field.Type) {
				t.Errorf("%s has no %s %s", answer, field.Name, field.Type)
			}
		}
	}
	c := configurationOf(&lambda.PublishVersionOutput{
		Version: aws.String("7"), RevisionId: aws.String("r"), CodeSize: 5, Layers: []types.Layer{{Arn: aws.String("l")}},
		Environment: &types.EnvironmentResponse{Error: &types.EnvironmentError{ErrorCode: aws.String("AccessDenied"), Message: aws.String("no key")}},
	})
	if c.Version != "7" || c.Revision != "r" || c.CodeBytes != 5 || c.Layers[0] != "l" || c.EnvironmentError != "no key (AccessDenied)" {
		t.Errorf("%+v", c)
	}
}

// set returns a configuration with one field set to something.
func set(t *testing.T, field int) *types.FunctionConfiguration {
	t.Helper()
	f := &types.FunctionConfiguration{}
	fill(t, reflect.ValueOf(f).Elem().Field(field))
	return f
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int32, reflect.Int64:
		v.SetInt(5)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
	default:
		t.Fatalf("cannot fill a %s", v.Type())
	}
}

// Every field counts, except for those that differ between versions of the same
// code and configuration.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	same := map[string]bool{
		"Version": true, "FunctionArn": true, "MasterArn": true, "Description": true, "RevisionId": true, "LastModified": true, "CodeSize": true,
		"State": true, "StateReason": true, "StateReasonCode": true,
		"LastUpdateStatus": true, "LastUpdateStatusReason": true, "LastUpdateStatusReasonCode": true,
		"RuntimeVersionConfig": true, "SigningJobArn": true, "SigningProfileVersionArn": true, "ConfigSha256": true,
	}
	empty := configurationFrom(&types.FunctionConfiguration{}).Fingerprint
	all := reflect.TypeFor[types.FunctionConfiguration]()
	for i := range all.NumField() {
		if !all.Field(i).IsExported() {
			continue
		}
		if got := configurationFrom(set(t, i)).Fingerprint; (got == empty) != same[all.Field(i).Name] {
			t.Errorf("%s: equal is %t", all.Field(i).Name, got == empty)
		}
	}
}

func TestFingerprintOfTheSame(t *testing.T) {
	t.Parallel()
	one := types.FunctionConfiguration{
		Environment: &types.EnvironmentResponse{Variables: map[string]string{"A": "1", "B": "2"}},
		VpcConfig:   &types.VpcConfigResponse{SubnetIds: []string{"a", "b"}, SecurityGroupIds: []string{"c", "d"}},
		SnapStart:   &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnPublishedVersions, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		Layers:      []types.Layer{{Arn: aws.String("l1")}, {Arn: aws.String("l2")}},
	}
	other := one
	other.VpcConfig = &types.VpcConfigResponse{SubnetIds: []string{"b", "a"}, SecurityGroupIds: []string{"d", "c"}}
	other.SnapStart = &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnPublishedVersions, OptimizationStatus: types.SnapStartOptimizationStatusOn}
	other.FileSystemConfigs, other.DeadLetterConfig = []types.FileSystemConfig{}, &types.DeadLetterConfig{} // AWS may leave out what is empty
	if configurationFrom(&one).Fingerprint != configurationFrom(&other).Fingerprint {
		t.Error("they differ")
	}
	if other.VpcConfig.SubnetIds[0] != "b" || other.SnapStart.OptimizationStatus != types.SnapStartOptimizationStatusOn {
		t.Error("what was compared has changed")
	}
	other.Layers = []types.Layer{one.Layers[1], one.Layers[0]} // their order matters
	if configurationFrom(&one).Fingerprint == configurationFrom(&other).Fingerprint {
		t.Error("the order of the layers does not count")
	}
}

// Standard error is the program's: no client of the SDK logs to it.
func TestTheSDKDoesNotLog(t *testing.T) {
	t.Parallel()
	c, err := Open(t.Context(), Options{Getenv: func(name string) string {
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, logger := range map[string]logging.Logger{
		"lambda": c.lambda.Options().Logger, "uploads": c.patient().Options().Logger, "cloudwatch": c.cloudwatch().Options().Logger,
		"codedeploy": c.codedeploy().Options().Logger, "rest": c.gateways().rest.Options().Logger, "http": c.gateways().http.Options().Logger,
		"sts": c.newSTS(nil).Options().Logger,
	} {
		if _, ok := logger.(logging.Nop); !ok {
			t.Errorf("%s logs to %T", name, logger)
		}
	}
}
