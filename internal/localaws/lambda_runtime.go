package localaws

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// runtimes are those that functions can have, in the order of AWS's message.
var runtimes = []string{
	"nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25", "python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4",
	"ruby3.2", "python3.8", "python3.9", "java17", "nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2",
}

// retiredRuntimes are those that functions can no longer get.
var retiredRuntimes = []string{
	"nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "java8", "python2.7", "python3.6", "python3.7",
	"dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "go1.x", "ruby2.5", "ruby2.7", "provided",
}

// checkRuntime refuses a runtime that functions cannot get.
func checkRuntime(name *string) error {
	switch {
	case name == nil, slices.Contains(runtimes, *name):
		return nil
	case slices.Contains(retiredRuntimes, *name):
		return invalid("The runtime parameter of %s is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.", *name)
	default:
		return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN", *name, strings.Join(runtimes, ", "))
	}
}

// runtimeVersion returns the RuntimeVersionConfig of a runtime, nil for an image.
func runtimeVersion(region, runtime string) map[string]string {
	if runtime == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(runtime))
	return map[string]string{"RuntimeVersionArn": "arn:" + partition(region) + ":lambda:" + region + "::runtime:" + hex.EncodeToString(sum[:])}
}
