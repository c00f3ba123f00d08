package localaws

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// codeSigning is a code signing configuration: which code the functions that have it
// accept. https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
type codeSigning struct {
	id          string
	description string
	policy      string   // UntrustedArtifactOnDeployment: "Warn" or "Enforce"
	profiles    []string // ARNs of the versions of signing profiles
	modified    time.Time
}

// signatureFile is where AWS Signer puts the signature of a zip. Here its content is
// the ARN of the version of the signing profile; an empty one fails the integrity
// check.
const signatureFile = "META-INF/aws_signer_signature_v1.0.SF"

// signer returns the content of a zip's signature file. ok is false if it has none.
func signer(code []byte) (profile string, ok bool) {
	archive, err := zip.NewReader(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		return "", false
	}
	f, err := archive.Open(signatureFile)
	if err != nil {
		return "", false
	}
	defer f.Close() //nolint:errcheck // it is in memory
	content, err := io.ReadAll(f)
	return strings.TrimSpace(string(content)), err == nil
}

// checkSignature refuses code that the code signing configuration of a function does
// not accept; arn is "" if it has none. There are no signatures of images.
func (s *store) checkSignature(function, arn string, c *Function) error {
	if arn == "" || c.PackageType == "Image" {
		return nil
	}
	config := s.signing[arn]
	if config == nil {
		return noCodeSigning(arn)
	}
	profile, signed := signer(c.Code)
	switch {
	case signed && profile == "":
		return &apiError{http.StatusBadRequest, "InvalidCodeSignatureException", "The code signature failed the integrity check."}
	case config.policy == "Enforce" && !slices.Contains(config.profiles, profile):
		return &apiError{http.StatusBadRequest, "CodeVerificationFailedException",
			"Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for " + function + "."}
	}
	return nil
}

func noCodeSigning(arn string) error {
	return &apiError{http.StatusNotFound, "CodeSigningConfigNotFoundException", "The code signing configuration cannot be found. Check that the provided configuration is not deleted: " + arn + "."}
}

// addCodeSigning adds a configuration in a region, and returns its ARN.
func (s *store) addCodeSigning(region string, c *codeSigning) string {
	c.id, c.modified = "csc-"+strings.ToLower(rand.Text()[:17]), s.date()
	arn := "arn:" + partition(region) + ":lambda:" + region + ":" + s.account + ":code-signing-config:" + c.id
	s.signing[arn] = c
	return arn
}

// createCodeSigningConfig adds a configuration.
func (l *lambda) createCodeSigningConfig(r *request) (answer, error) {
	var in struct {
		Description         string
		AllowedPublishers   *struct{ SigningProfileVersionArns []string }
		CodeSigningPolicies struct{ UntrustedArtifactOnDeployment string }
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	policy := in.CodeSigningPolicies.UntrustedArtifactOnDeployment
	var v validation
	v.present(in.AllowedPublishers != nil, "allowedPublishers")
	v.oneOf(policy, "codeSigningPolicies.untrustedArtifactOnDeployment", "Warn", "Enforce")
	if err := v.err(); err != nil {
		return answer{}, err
	}
	if policy == "" {
		policy = "Warn"
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	c := &codeSigning{description: in.Description, policy: policy, profiles: in.AllowedPublishers.SigningProfileVersionArns}
	arn := l.addCodeSigning(r.region, c)
	return reply(http.StatusCreated, map[string]any{"CodeSigningConfig": map[string]any{
		"CodeSigningConfigId":  c.id,
		"CodeSigningConfigArn": arn,
		"Description":          c.description,
		"AllowedPublishers":    map[string]any{"SigningProfileVersionArns": c.profiles},
		"CodeSigningPolicies":  map[string]any{"UntrustedArtifactOnDeployment": c.policy},
		"LastModified":         timestamp(c.modified),
	}}), nil
}

// deleteCodeSigningConfig deletes a configuration that no function has.
func (l *lambda) deleteCodeSigningConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.signing[r.item] == nil {
		return answer{}, notFound("The Lambda code signing configuration %s can not be found.", r.item)
	}
	for _, f := range l.functions {
		if f.signing == r.item {
			return answer{}, conflict("The code signing configuration %s is in use by the function %s.", r.item, f.name)
		}
	}
	delete(l.signing, r.item)
	return empty(), nil
}

// putFunctionCodeSigningConfig gives a function a configuration. Code that it has
// already is not checked.
func (l *lambda) putFunctionCodeSigningConfig(r *request) (answer, error) {
	var in struct{ CodeSigningConfigArn *string }
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	v.required(in.CodeSigningConfigArn, "codeSigningConfigArn")
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.signing[*in.CodeSigningConfigArn] == nil {
		return answer{}, noCodeSigning(*in.CodeSigningConfigArn)
	}
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	f.signing = *in.CodeSigningConfigArn
	return reply(http.StatusOK, f.codeSigning()), nil
}

// codeSigning returns the code signing configuration of a function as the API does.
func (f *function) codeSigning() map[string]string {
	if f.signing == "" {
		return map[string]string{}
	}
	return map[string]string{"CodeSigningConfigArn": f.signing, "FunctionName": f.name}
}

// getFunctionCodeSigningConfig returns which configuration a function has.
func (l *lambda) getFunctionCodeSigningConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, f.codeSigning()), nil
}

// deleteFunctionCodeSigningConfig removes the configuration from a function.
func (l *lambda) deleteFunctionCodeSigningConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	f.signing = ""
	return empty(), nil
}

// RequireSignature makes a function refuse code that is not signed by one of these
// versions of signing profiles.
func (c *Cloud) RequireSignature(name string, profiles ...string) {
	c.on(name, func(f *function) {
		f.signing = c.store.addCodeSigning(f.region(), &codeSigning{policy: "Enforce", profiles: profiles})
	})
}
