package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestNewURL(t *testing.T) {
	t.Parallel()
	star := []string{"*"}
	for name, tt := range map[string]struct {
		answers string
		cors    *CORS
		want    []string // key, index and what is wrong
	}{
		"none":       {"public", nil, nil},
		"removed":    {"iam", &CORS{}, nil},
		"anyone":     {"public", &CORS{AllowOrigins: star, AllowMethods: star, AllowHeaders: star, ExposeHeaders: star, MaxAge: 86400, AllowCredentials: true}, nil},
		"all":        {"iam", &CORS{AllowOrigins: []string{"https://shop.example.com", "http://localhost:60905", "capacitor://localhost", "null"}, AllowMethods: []string{"GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"}, AllowHeaders: []string{"X-Custom-Header"}}, nil},
		"word":       {"pubic", nil, []string{" -1 unknown (did you mean public?)"}},
		"no origins": {"iam", &CORS{MaxAge: 1}, []string{"AllowOrigins -1 missing"}},
		"origins": {
			"iam", &CORS{AllowOrigins: []string{"https://a.com/", "a.com", "https://A.com", "https://a.com, https://b.com", "", "https://" + strings.Repeat("a", 246)}},
			[]string{"AllowOrigins 0 not valid", "AllowOrigins 1 not valid", "AllowOrigins 2 not valid", "AllowOrigins 3 not valid", "AllowOrigins 4 not valid", "AllowOrigins 5 254 characters"},
		},
		"methods": {"iam", &CORS{AllowOrigins: star, AllowMethods: []string{"GET", "OPTIONS", "get"}}, []string{"AllowMethods 1 not valid", "AllowMethods 2 not valid"}},
		"headers": {
			"iam", &CORS{AllowOrigins: star, AllowHeaders: []string{"Date,Keep-Alive"}, ExposeHeaders: []string{"", strings.Repeat("x", 1025)}},
			[]string{"AllowHeaders 0 not valid", "ExposeHeaders 0 not valid", "ExposeHeaders 1 1025 characters"},
		},
		"too many": {
			"iam", &CORS{AllowOrigins: slices.Repeat(star, 101), AllowMethods: slices.Repeat(star, 7)},
			[]string{"AllowOrigins -1 101 entries", "AllowMethods -1 7 entries"},
		},
		"age":        {"iam", &CORS{AllowOrigins: star, MaxAge: 86401}, []string{"MaxAge -1 out of range"}},
		"age of -1":  {"iam", &CORS{AllowOrigins: star, MaxAge: -1}, []string{"MaxAge -1 out of range"}},
		"everything": {"", &CORS{AllowMethods: []string{"x"}, MaxAge: -1}, []string{" -1 unknown", "AllowOrigins -1 missing", "AllowMethods 0 not valid", "MaxAge -1 out of range"}},
	} {
		url, wrong := NewURL(tt.answers, tt.cors)
		var got []string
		for _, w := range wrong {
			got = append(got, fmt.Sprintf("%s %d %s", w.Key, w.Index, w.What))
			if w.Allowed == "" {
				t.Errorf("%s: nothing is allowed in place of %s", name, w.Key)
			}
		}
		if !slices.Equal(got, tt.want) || url.CORS != tt.cors {
			t.Errorf("%s: %q\nwant %q", name, got, tt.want)
		}
	}
}

// The lists have no order, and header names no upper or lower case.
func TestDifferences(t *testing.T) {
	t.Parallel()
	was := CORS{AllowOrigins: []string{"https://a.com", "https://b.com"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"X-A"}, MaxAge: 60}
	for name, tt := range map[string]struct {
		change func(*CORS)
		want   string
	}{
		"nothing":              {func(*CORS) {}, ""},
		"order and duplicates": {func(c *CORS) { c.AllowOrigins = []string{"https://b.com", "https://a.com", "https://b.com"} }, ""},
		"case of a header":     {func(c *CORS) { c.AllowHeaders = []string{"x-a"} }, ""},
		"case of an origin":    {func(c *CORS) { c.AllowOrigins[0] = "https://A.com" }, "AllowOrigins has https://A.com, and no longer https://a.com"},
		"another origin":       {func(c *CORS) { c.AllowOrigins = append(c.AllowOrigins, "https://c.com") }, "AllowOrigins has https://c.com"},
		"one less":             {func(c *CORS) { c.AllowOrigins = c.AllowOrigins[:1] }, "AllowOrigins no longer has https://b.com"},
		"many": {
			func(c *CORS) { c.ExposeHeaders = strings.Split("a b c d e f g", " ") },
			"ExposeHeaders has a, b, c, d, e and 2 more",
		},
		"the rest": {
			func(c *CORS) { c.AllowHeaders, c.MaxAge, c.AllowCredentials = nil, 0, true },
			"AllowHeaders no longer has X-A; MaxAge is 0, no longer 60; AllowCredentials is true",
		},
	} {
		is := was
		is.AllowOrigins = slices.Clone(was.AllowOrigins)
		tt.change(&is)
		if got := strings.Join(differences(was, is), "; "); got != tt.want {
			t.Errorf("%s: %s\nwant %s", name, got, tt.want)
		}
	}
}
