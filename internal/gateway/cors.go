package gateway

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
)

// CORS is which websites may call a URL from a browser, and how. The zero CORS is none.
type CORS = awsapi.CORS

// maxAge is the most seconds for which a browser may keep the answer to a preflight.
const maxAge = 86400

// lists are those of CORS, in the order of the API reference. All of them are sets.
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
var lists = []struct {
	key           string
	of            func(CORS) []string
	most, longest int
	pattern       *regexp.Regexp
	allowed       string
	anyCase       bool // header names are the same in upper and lower case
}{
	{
		key: "AllowOrigins", of: func(c CORS) []string { return c.AllowOrigins }, most: 100, longest: 253,
		pattern: regexp.MustCompile(`^(\*|null|[a-z][a-z0-9+.-]*://[^/\s,A-Z]+)$`),
		allowed: "an origin is * or, as browsers send it, scheme and host in lower case without a path, such as https://shop.example.com",
	},
	{
		key: "AllowMethods", of: func(c CORS) []string { return c.AllowMethods }, most: 6, longest: 6,
		pattern: regexp.MustCompile(`^(GET|PUT|HEAD|POST|PATCH|DELETE|\*)$`),
		allowed: "allowed are GET, PUT, HEAD, POST, PATCH, DELETE or *; AWS itself answers OPTIONS",
	},
	{key: "AllowHeaders", of: func(c CORS) []string { return c.AllowHeaders }, most: 100, longest: 1024, pattern: header, allowed: aHeader, anyCase: true},
	{key: "ExposeHeaders", of: func(c CORS) []string { return c.ExposeHeaders }, most: 100, longest: 1024, pattern: header, allowed: aHeader, anyCase: true},
}

// header matches the name of a header, and *. AWS takes several in one entry, too, for
// the name of one.
// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
var header = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

const aHeader = "give the name of one header in each entry, such as Content-Type, or *"

// Wrong is what is wrong with a URL.
type Wrong struct {
	Key     string // of its CORS settings, such as AllowOrigins; "" for whom it answers
	Index   int    // of the entry of a list; -1 for the key as a whole
	What    string
	Allowed string
}

// checkCORS returns everything that is wrong with settings. AWS takes credentials from
// any origin.
func checkCORS(c CORS) []Wrong {
	if c.IsZero() {
		return nil
	}
	var all []Wrong
	if len(c.AllowOrigins) == 0 {
		all = append(all, Wrong{"AllowOrigins", -1, "missing", "give the origins that may call the URL, or *, or none of the CORS settings"})
	}
	for _, list := range lists {
		values := list.of(c)
		if len(values) > list.most {
			all = append(all, Wrong{list.key, -1, fmt.Sprintf("%d entries", len(values)), fmt.Sprintf("AWS takes at most %d", list.most)})
		}
		for i, value := range values {
			switch {
			case !list.pattern.MatchString(value):
				all = append(all, Wrong{list.key, i, "not valid", list.allowed})
			case len(value) > list.longest:
				all = append(all, Wrong{list.key, i, fmt.Sprintf("%d characters", len(value)), fmt.Sprintf("AWS takes at most %d", list.longest)})
			}
		}
	}
	if c.MaxAge < 0 || c.MaxAge > maxAge {
		all = append(all, Wrong{"MaxAge", -1, "out of range", fmt.Sprintf("must be 0 to %d seconds", maxAge)})
	}
	return all
}

// sameCORS reports whether settings have the same effect.
func sameCORS(a, b CORS) bool { return len(differences(a, b)) == 0 }

// differences says what settings are that were others.
func differences(was, is CORS) []string {
	var all []string
	for _, list := range lists {
		added, gone := missing(list.of(was), list.of(is), list.anyCase), missing(list.of(is), list.of(was), list.anyCase)
		switch {
		case len(added) > 0 && len(gone) > 0:
			all = append(all, fmt.Sprintf("%s has %s, and no longer %s", list.key, some(added), some(gone)))
		case len(added) > 0:
			all = append(all, fmt.Sprintf("%s has %s", list.key, some(added)))
		case len(gone) > 0:
			all = append(all, fmt.Sprintf("%s no longer has %s", list.key, some(gone)))
		}
	}
	switch {
	case was.MaxAge == is.MaxAge:
	case was.MaxAge == 0: // AWS's default
		all = append(all, fmt.Sprintf("MaxAge is %d", is.MaxAge))
	default:
		all = append(all, fmt.Sprintf("MaxAge is %d, no longer %d", is.MaxAge, was.MaxAge))
	}
	if was.AllowCredentials != is.AllowCredentials {
		all = append(all, fmt.Sprintf("AllowCredentials is %t", is.AllowCredentials))
	}
	return all
}

// missing are the values that a list does not have.
func missing(list, values []string, anyCase bool) []string {
	var all []string
	for _, v := range values {
		if !slices.ContainsFunc(list, func(has string) bool { return has == v || anyCase && strings.EqualFold(has, v) }) {
			all = append(all, v)
		}
	}
	return all
}

// some lists values, of many the first.
func some(values []string) string {
	const most = 5
	if len(values) <= most {
		return strings.Join(values, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(values[:most], ", "), len(values)-most)
}
