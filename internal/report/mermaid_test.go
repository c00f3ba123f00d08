package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lambda-release/internal/release"
)

// TestPictureContrast: the boxes of versions that callers do not get are readable
// in GitHub's light and dark mode. A colour that is not set depends on the mode.
func TestPictureContrast(t *testing.T) {
	t.Parallel()
	colours := map[string]float64{}
	for _, m := range regexp.MustCompile(`(fill|color|stroke):#([0-9a-f]+)\b`).FindAllStringSubmatch(otherClass, -1) {
		colours[m[1]] = luminance(t, m[2])
	}
	for _, name := range []string{"color", "stroke"} {
		a, b := colours[name], colours["fill"]
		if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); len(colours) != 3 || ratio < 4.5 {
			t.Errorf("%s has a contrast of %.1f in %s", name, ratio, otherClass)
		}
	}
	if strings.Contains(otherClass, "opacity") {
		t.Errorf("opacity lowers the contrast: %s", otherClass)
	}
}

// luminance is the relative luminance of a colour.
// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = hex[:1] + hex[:1] + hex[1:2] + hex[1:2] + hex[2:] + hex[2:]
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// TestPictureOrder: up to three functions are drawn, in the order of the table.
func TestPictureOrder(t *testing.T) {
	t.Parallel()
	failed := outcome("last", release.Failed, 8, at(7), at(7))
	failed.Err = errDenied
	res := resultOf(outcome("a", release.Released, 8, at(7), at(8)), outcome("b", release.Released, 8, at(7), at(8)), failed)
	text := summary(failuresFirst(res))
	if want := `subgraph function1["last"]`; !strings.Contains(text, want) || !strings.Contains(text, "function1 ~~~ function2 ~~~ function3") {
		t.Errorf("%s is not in\n%s", want, text)
	}
	if strings.Index(text, "| [`last`]") > strings.Index(text, "| [`a`]") {
		t.Errorf("the failure is not first in\n%s", text)
	}
	res.Outcomes = append(res.Outcomes, outcome("c", release.Released, 8, at(7), at(8)))
	if text := summary(res); strings.Contains(text, "mermaid") {
		t.Errorf("there is a picture of four functions in\n%s", text)
	}
}
