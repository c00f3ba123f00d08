package release

import (
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
)

// differences lists what is not the same in two versions. Of environment
// variables it gives the names only.
func differences(from, to awsapi.Configuration) []string {
	var diff []string
	if from.CodeSHA256 != to.CodeSHA256 {
		diff = append(diff, fmt.Sprintf("code %.12s… -> %.12s…", from.CodeSHA256, to.CodeSHA256))
	}
	for _, f := range []struct{ name, from, to string }{
		{"package type", from.PackageType, to.PackageType},
		{"architecture", strings.Join(from.Architectures, " "), strings.Join(to.Architectures, " ")},
	} {
		if f.from != f.to {
			diff = append(diff, fmt.Sprintf("%s %s -> %s", f.name, orNone(f.from), orNone(f.to)))
		}
	}
	return slices.Concat(diff, to.Settings.Differences(from.Settings))
}
