package alias_test

import (
	"os"
	"strings"
	"testing"
)

// TestMain hides what the machine knows of AWS (profiles, credentials,
// endpoints, a CA bundle) from the SDK, which reads the process's environment.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	m.Run()
}
