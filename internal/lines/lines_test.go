package lines

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntries(t *testing.T) {
	t.Parallel()
	const text = "# all\r\n\r\n  a=b # c \r\n\td#e\t# f\n#g\n \nh i"
	for name, tt := range map[string]struct {
		read func(string) iter.Seq2[int, string]
		want []string
	}{
		"all":      {All, []string{"3 a=b", "4 d#e", "7 h i"}},
		"verbatim": {Verbatim, []string{"3 a=b # c", "4 d#e\t# f", "7 h i"}},
	} {
		var got []string
		for n, entry := range tt.read(text) {
			got = append(got, fmt.Sprint(n, " ", entry))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for n, entry := range tt.read(text) {
			if n != 3 {
				t.Errorf("%s: went on to %q after the loop was left", name, entry)
			}
			break
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	err := &Error{Problem: "no code", Allowed: "write a path"}
	if got, want := err.Error(), "no code; write a path"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := err.At(3, "a\nb").Error(), `line 3: "a\nb": no code; write a path`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                      `""`,
		"a\x1b\u2028":           `"a\x1b\u2028"`,
		strings.Repeat("ü", 80): `"` + strings.Repeat("ü", 80) + `"`,
		strings.Repeat("ü", 81): `"` + strings.Repeat("ü", 80) + `"… (81 characters)`,
	} {
		if got := Quote(s); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
