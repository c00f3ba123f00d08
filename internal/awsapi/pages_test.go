package awsapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/function"
)

func TestPages(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, tt := range map[string]struct {
		markers []string // that the pages name; the last one is repeated
		want    []string
		err     error
	}{
		"one":                     {[]string{""}, []string{""}, nil},
		"three":                   {[]string{"a", "b", ""}, []string{"", "a", "b"}, nil},
		"the same marker":         {[]string{"a", "a"}, nil, errEndless},
		"the same one later":      {[]string{"a", "b", "b"}, nil, errEndless},
		"an error after two":      {[]string{"a", "b", "refused"}, nil, refused},
		"an error the first time": {[]string{"refused"}, nil, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			got, err := pages(t.Context(), &Client{Region: "eu-central-1"}, onFunction("ListAliases", function.ID{Given: "items", Name: "items"}, ""), func(marker *string) ([]string, *string, error) {
				next := tt.markers[min(calls, len(tt.markers)-1)]
				calls++
				if next == "refused" {
					return nil, nil, refused
				}
				return []string{aws.ToString(marker)}, &next, nil
			})
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("%v; pages (-want +got):\n%s", err, diff)
			}
			if want := "ListAliases items: AWS answers"; errors.Is(err, errEndless) && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%v does not begin with %q", err, want)
			}
			if calls != len(tt.markers) {
				t.Errorf("%d calls", calls)
			}
		})
	}
}
