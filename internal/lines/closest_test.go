package lines

import "testing"

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"--alias", "--aliases", "--api-gateway-stages", "--aws-region", "--dry-run", "--function-name", "--ref", "--tags"}
	for given, want := range map[string]string{
		"--aliase":        "--alias",
		"--aleas":         "--alias",
		"--functions":     "",
		"--function":      "--function-name",
		"--dry":           "--dry-run",
		"--DRY-RUN":       "--dry-run",
		"--region":        "--aws-region",
		"--stages":        "--api-gateway-stages",
		"--tag":           "--tags",
		"--function_name": "--function-name",
		"--rf":            "--ref",
		"--x":             "",
		"":                "",
		"--wholly-other":  "",
	} {
		if want != "" {
			want = " (did you mean " + want + "?)"
		}
		if got := DidYouMean(given, known); got != want {
			t.Errorf("%s: got %q, want %q", given, got, want)
		}
	}
}
