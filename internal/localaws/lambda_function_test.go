package localaws_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

func TestCreateKeepsWhatIsGiven(t *testing.T) {
	t.Parallel()
	_, api := start(t, localaws.Options{})
	in := newFunction(t)
	in.Description = aws.String("text")
	in.MemorySize = aws.Int32(512)
	in.Timeout = aws.Int32(30)
	in.Environment = &types.Environment{Variables: map[string]string{"STAGE": "prod"}}
	in.Layers = []string{"arn:aws:lambda:eu-central-1:123456789012:layer:l:1"}
	in.Architectures = []types.Architecture{types.ArchitectureArm64}
	in.SnapStart = &types.SnapStart{ApplyOn: types.SnapStartApplyOnPublishedVersions}
	in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:eu-central-1:123456789012:dead")}
	in.Tags = map[string]string{"team": "a"}
	must(api.CreateFunction(t.Context(), in))(t)

	got := must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: in.FunctionName}))(t)
	c := got.Configuration
	sum := sha256.Sum256(in.Code.ZipFile)
	want := []any{"text", int32(512), int32(30), in.Environment.Variables, in.Layers[0], "arm64", "PublishedVersions Off", *in.DeadLetterConfig.TargetArn, in.Tags, base64.StdEncoding.EncodeToString(sum[:]), int64(len(in.Code.ZipFile)), "Zip", "provided.al2023", "bootstrap", role, "S3"}
	have := []any{*c.Description, *c.MemorySize, *c.Timeout, c.Environment.Variables, *c.Layers[0].Arn, string(c.Architectures[0]), string(c.SnapStart.ApplyOn) + " " + string(c.SnapStart.OptimizationStatus), *c.DeadLetterConfig.TargetArn, got.Tags, *c.CodeSha256, c.CodeSize, string(c.PackageType), string(c.Runtime), *c.Handler, *c.Role, *got.Code.RepositoryType}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}

	published := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: in.FunctionName}))(t)
	equal(t, "OptimizationStatus of the version", published.SnapStart.OptimizationStatus, types.SnapStartOptimizationStatusOn)
}

func TestCreateAndPublish(t *testing.T) {
	t.Parallel()
	c, api := start(t, localaws.Options{})
	in := newFunction(t)
	in.Publish = true
	out := must(api.CreateFunction(t.Context(), in))(t)
	equal(t, "answer", *out.Version+" "+*out.FunctionArn+" "+string(out.State), "1 "+arn+" Pending") // V11a
	if diff := cmp.Diff([]string{"1"}, c.Versions("fn")); diff != "" {
		t.Error(diff)
	}
	one, latest := getFunction(t, api, "1"), getFunction(t, api, "")
	equal(t, "State", one.State, types.StateActive)
	equal(t, "FunctionArn", *one.FunctionArn, arn+":1")
	differ(t, "RevisionId of version 1", *one.RevisionId, *out.RevisionId)
	differ(t, "RevisionId of version 1", *one.RevisionId, *latest.RevisionId)
	again := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: in.FunctionName}))(t)
	equal(t, "RevisionId of a repeated publish", *again.RevisionId, *one.RevisionId)
	equal(t, "RevisionId of $LATEST", *getFunction(t, api, "").RevisionId, *latest.RevisionId)
}

func TestVersionsAreImmutable(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) { f.Environment = map[string]string{"AB": "1"} })
	c.Publish("fn", "")
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("fn"),
		Environment:  &types.Environment{Variables: map[string]string{"AB": "2"}},
		MemorySize:   aws.Int32(1024),
	}))(t)
	got := getFunction(t, api, "1")
	equal(t, "version 1", fmt.Sprint(got.Environment.Variables, *got.MemorySize), "map[AB:1] 128")
	got = getFunction(t, api, "")
	equal(t, "$LATEST", fmt.Sprint(got.Environment.Variables, *got.MemorySize), "map[AB:2] 1024")
}

func TestCodeFromElsewhere(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	code := func(in *lambda.UpdateFunctionCodeInput) string {
		in.FunctionName = aws.String("fn")
		return *must(api.UpdateFunctionCode(t.Context(), in))(t).CodeSha256
	}
	s3 := func(version string) *lambda.UpdateFunctionCodeInput {
		return &lambda.UpdateFunctionCodeInput{S3Bucket: aws.String("bucket"), S3Key: aws.String("key"), S3ObjectVersion: &version}
	}
	c.PutObject("bucket", "key", zipOf(t, "one"))
	c.PutObject("bucket", "key", zipOf(t, "two"))
	first := code(s3("1"))
	equal(t, "hash of the same object", code(s3("1")), first)
	differ(t, "hash of another version", code(s3("2")), first)

	c.AddFunction("image", func(f *localaws.Function) { f.PackageType, f.ImageURI = "Image", "registry:5000/repo/fn:1" })
	must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("image"), ImageUri: aws.String("registry:5000/repo/fn:2")}))(t)
	got := must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("image")}))(t)
	equal(t, "image", *got.Code.RepositoryType+" "+*got.Code.ImageUri+" "+*got.Code.ResolvedImageUri, "ECR registry:5000/repo/fn:2 registry:5000/repo/fn@sha256:"+*got.Configuration.CodeSha256)
	equal(t, "length of the digest", len(*got.Configuration.CodeSha256), 64)
}

func TestCodeRefused(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	c.AddFunction("image", func(f *localaws.Function) { f.PackageType, f.ImageURI = "Image", "repo/fn:1" })
	var empty bytes.Buffer
	if err := zip.NewWriter(&empty).Close(); err != nil {
		t.Fatal(err)
	}
	var huge bytes.Buffer
	w := zip.NewWriter(&huge)
	must(w.CreateRaw(&zip.FileHeader{Name: "huge", UncompressedSize64: 262144000}))(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		in      lambda.UpdateFunctionCodeInput
		message string
	}{
		"no zip":         {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: []byte("text")}, "Could not unzip uploaded file. Please check your file, then try to upload again."},
		"empty zip":      {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: empty.Bytes()}, "Uploaded file must be a non-empty zip"},
		"too large":      {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: huge.Bytes()}, "Unzipped size must be smaller than 262144000 bytes"},
		"nothing":        {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn")}, "Please provide a source for function code."},
		"image for zip":  {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ImageUri: aws.String("repo/fn:1")}, "Please don't provide ImageUri when updating a function with packageType Zip."},
		"zip for image":  {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("image"), ZipFile: zipOf(t, "one")}, "Please provide ImageUri when updating a function with packageType Image."},
		"zip and bucket": {lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "one"), S3Bucket: aws.String("bucket"), S3Key: aws.String("key")}, "Please do not provide other FunctionCode parameters when providing a ZipFile."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := api.UpdateFunctionCode(t.Context(), &tt.in)
			wantError(t, err, 400, "InvalidParameterValueException", tt.message)
		})
	}
	t.Run("request too large", func(t *testing.T) {
		t.Parallel()
		res, body := send(t, c, "PUT", "/2015-03-31/functions/fn/code", strings.Repeat("x", 70167212), nil)
		equal(t, "answer", res.Header.Get("X-Amzn-Errortype")+" "+body, `RequestEntityTooLargeException {"Type":"User","message":"Request must be smaller than 70167211 bytes for the UpdateFunctionCode operation"}`)
	})
}

func TestCreateRefused(t *testing.T) {
	t.Parallel()
	_, api := start(t, localaws.Options{})
	x65 := strings.Repeat("x", 65)
	tests := map[string]struct {
		change  func(*lambda.CreateFunctionInput)
		code    string
		message string
	}{
		"role":       {func(in *lambda.CreateFunctionInput) { in.Role = aws.String("me") }, "ValidationException", `1 validation error detected: Value 'me' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`},
		"memory":     {func(in *lambda.CreateFunctionInput) { in.MemorySize = aws.Int32(1) }, "ValidationException", "1 validation error detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		"long name":  {func(in *lambda.CreateFunctionInput) { in.FunctionName = &x65 }, "InvalidParameterValueException", "1 validation error detected: Value '" + x65 + "' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		"no handler": {func(in *lambda.CreateFunctionInput) { in.Handler = nil }, "InvalidParameterValueException", "Runtime and Handler are mandatory parameters for functions created with deployment packages."},
		"no code":    {func(in *lambda.CreateFunctionInput) { in.Code = &types.FunctionCode{} }, "InvalidParameterValueException", "Please provide a source for function code."},
		"package":    {func(in *lambda.CreateFunctionInput) { in.PackageType = "Jar" }, "ValidationException", "1 validation error detected: Value 'Jar' at 'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Image, Zip]"},
		"zip image":  {func(in *lambda.CreateFunctionInput) { in.PackageType = "Image" }, "InvalidParameterValueException", "Please provide ImageUri when creating a function with packageType Image."},
		"image zip":  {func(in *lambda.CreateFunctionInput) { in.Code = &types.FunctionCode{ImageUri: aws.String("repo/fn:1")} }, "InvalidParameterValueException", "Please don't provide ImageUri when creating a function with packageType Zip."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newFunction(t)
			tt.change(in)
			_, err := api.CreateFunction(t.Context(), in)
			wantError(t, err, 400, tt.code, tt.message)
		})
	}
}

func TestListFunctions(t *testing.T) {
	t.Parallel()
	c, api := start(t, localaws.Options{})
	for i := range 51 {
		c.AddFunction(fmt.Sprintf("fn-%02d", i))
	}
	c.Publish("fn-00", "")
	p := lambda.NewListFunctionsPaginator(api, &lambda.ListFunctionsInput{})
	first := must(p.NextPage(t.Context()))(t).Functions
	second := must(p.NextPage(t.Context()))(t).Functions
	equal(t, "names", fmt.Sprintf("%d %s %d %s %v", len(first), *first[0].FunctionName, len(second), *second[0].FunctionName, p.HasMorePages()), "50 fn-00 1 fn-50 false")
	equal(t, "FunctionArn", *first[0].FunctionArn, c.FunctionARN("fn-00", ""))

	all := must(api.ListFunctions(t.Context(), &lambda.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll}))(t).Functions
	equal(t, "FunctionArn of a version", *all[1].FunctionArn, c.FunctionARN("fn-00", "1"))
}

// What is written counts as written Options.Age ago.
func TestAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := start(t, localaws.Options{Age: 2 * time.Hour})
		must(api.CreateFunction(t.Context(), newFunction(t)))(t)
		must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		c.AddFunction("other")
		time.Sleep(time.Minute)
		must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "two")}))(t)
		equal(t, "LastModified of the version", *getFunction(t, api, "1").LastModified, "2026-11-23T08:00:00.000+0000")
		equal(t, "LastModified of $LATEST", *getFunction(t, api, "").LastModified, "2026-11-23T08:01:00.000+0000")
		other := must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("other")}))(t)
		equal(t, "LastModified of what Go code added", *other.Configuration.LastModified, "2026-11-23T08:00:00.000+0000")
	})
}

// A role that is new cannot be assumed at once, neither by a new function nor by one that
// exists.
func TestNewRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := start(t, localaws.Options{})
		must(api.CreateFunction(t.Context(), newFunction(t)))(t)
		const newRole = "arn:aws:iam::123456789012:role/new"
		c.NewRole(newRole, 10*time.Second)
		in := newFunction(t)
		in.FunctionName, in.Role = aws.String("other"), aws.String(newRole)
		const refusal = "The role defined for the function cannot be assumed by Lambda."
		_, err := api.CreateFunction(t.Context(), in)
		wantError(t, err, 400, "InvalidParameterValueException", refusal)
		_, err = api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Role: aws.String(newRole)})
		wantError(t, err, 400, "InvalidParameterValueException", refusal)
		time.Sleep(10 * time.Second)
		must(api.CreateFunction(t.Context(), in))(t)
		if diff := cmp.Diff([]string{"fn", "other"}, c.Functions()); diff != "" {
			t.Error(diff)
		}
	})
}
