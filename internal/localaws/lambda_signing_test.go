package localaws_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const profileARN = "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/ci/1"

// signedZip returns a zip with a signature.
func signedZip(t *testing.T, signature string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f := must(w.Create("META-INF/aws_signer_signature_v1.0.SF"))(t)
	must(f.Write([]byte(signature)))(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCodeSigning(t *testing.T) {
	t.Parallel()
	const (
		untrusted = "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for fn."
		broken    = "The code signature failed the integrity check."
	)
	for policy, want := range map[types.CodeSigningPolicy]map[string]string{
		types.CodeSigningPolicyEnforce: {"unsigned": untrusted, "empty": broken, "other": untrusted, "signed": ""},
		types.CodeSigningPolicyWarn:    {"unsigned": "", "empty": broken, "other": "", "signed": ""},
		"":                             {"unsigned": "", "empty": broken},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			_, api := withFunction(t, localaws.Options{})
			in := &lambda.CreateCodeSigningConfigInput{AllowedPublishers: &types.AllowedPublishers{SigningProfileVersionArns: []string{profileARN}}}
			if policy != "" {
				in.CodeSigningPolicies = &types.CodeSigningPolicies{UntrustedArtifactOnDeployment: policy}
			}
			config := must(api.CreateCodeSigningConfig(t.Context(), in))(t).CodeSigningConfig
			must(api.PutFunctionCodeSigningConfig(t.Context(), &lambda.PutFunctionCodeSigningConfigInput{FunctionName: aws.String("fn"), CodeSigningConfigArn: config.CodeSigningConfigArn}))(t)
			code := map[string][]byte{"unsigned": zipOf(t, "x"), "empty": signedZip(t, ""), "other": signedZip(t, "arn:aws:signer:::other"), "signed": signedZip(t, profileARN+"\n")}
			for name, message := range want {
				_, err := api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: code[name]})
				switch message {
				case "":
					wantNone(t, err)
				case broken:
					wantError(t, err, 400, "InvalidCodeSignatureException", message)
				default:
					wantError(t, err, 400, "CodeVerificationFailedException", message)
				}
			}
		})
	}
}

func TestCodeSigningConfigs(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	c.RequireSignature("fn", profileARN)
	arn := must(api.GetFunctionCodeSigningConfig(t.Context(), &lambda.GetFunctionCodeSigningConfigInput{FunctionName: aws.String("fn")}))(t).CodeSigningConfigArn

	created := newFunction(t)
	created.FunctionName, created.CodeSigningConfigArn = aws.String("created"), arn
	_, err := api.CreateFunction(t.Context(), created)
	wantError(t, err, 400, "CodeVerificationFailedException", "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for created.")
	created.Code.ZipFile = signedZip(t, profileARN)
	must(api.CreateFunction(t.Context(), created))(t)

	remove := func() error {
		_, err := api.DeleteCodeSigningConfig(t.Context(), &lambda.DeleteCodeSigningConfigInput{CodeSigningConfigArn: arn})
		return err
	}
	if remove() == nil {
		t.Error("deleted, although functions have it")
	}
	for _, name := range []string{"fn", "created"} {
		must(api.DeleteFunctionCodeSigningConfig(t.Context(), &lambda.DeleteFunctionCodeSigningConfigInput{FunctionName: &name}))(t)
	}
	got := must(api.GetFunctionCodeSigningConfig(t.Context(), &lambda.GetFunctionCodeSigningConfigInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "ARN", aws.ToString(got.CodeSigningConfigArn), "")
	wantNone(t, remove())
	wantError(t, remove(), 404, "ResourceNotFoundException", "The Lambda code signing configuration "+*arn+" can not be found.")

	missing := "The code signing configuration cannot be found. Check that the provided configuration is not deleted: " + *arn + "."
	_, err = api.PutFunctionCodeSigningConfig(t.Context(), &lambda.PutFunctionCodeSigningConfigInput{FunctionName: aws.String("fn"), CodeSigningConfigArn: arn})
	wantError(t, err, 404, "CodeSigningConfigNotFoundException", missing)
	created.FunctionName = aws.String("third")
	_, err = api.CreateFunction(t.Context(), created)
	wantError(t, err, 404, "CodeSigningConfigNotFoundException", missing)
}
