package localaws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// crossOrigin are the CORS settings of a function URL. Lambda answers the preflight
// requests itself, and adds headers to all other responses.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
type crossOrigin struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	MaxAge                                                  int32
}

// validate checks the constraints of the API.
func (c *crossOrigin) validate(v *validation) {
	for _, list := range []struct {
		member            string
		values            []string
		most              int
		shortest, longest int
	}{
		{"cors.allowHeaders", c.AllowHeaders, 100, 0, 1024},
		{"cors.allowMethods", c.AllowMethods, 6, 0, 6},
		{"cors.allowOrigins", c.AllowOrigins, 100, 1, 253},
		{"cors.exposeHeaders", c.ExposeHeaders, 100, 0, 1024},
	} {
		value := quote("[" + strings.Join(list.values, ", ") + "]")
		v.check(len(list.values) <= list.most, value, list.member, fmt.Sprintf("Member must have length less than or equal to %d", list.most))
		fits := func(s string) bool { return list.shortest <= len(s) && len(s) <= list.longest }
		v.check(!slices.ContainsFunc(list.values, func(s string) bool { return !fits(s) }), value, list.member,
			fmt.Sprintf("Member must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to %d]", list.longest, list.shortest))
	}
	v.between(c.MaxAge, "cors.maxAge", 0, 86400)
}

// corsMethods are the methods that can be allowed. A preflight's OPTIONS always is.
var corsMethods = []string{"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "*"}

// check refuses what the constraints let through, of settings that are not removed.
func (c *crossOrigin) check() error {
	for _, method := range c.AllowMethods {
		if !slices.Contains(corsMethods, method) {
			return invalid("Invalid value for AllowMethods. You can use GET, PUT, POST, DELETE, HEAD, PATCH, and the wildcard character (*).")
		}
	}
	if len(c.AllowOrigins) == 0 {
		return invalid("You can't leave AllowOrigins as empty when Cors is enabled.")
	}
	return nil
}

// crossOrigin returns the CORS settings of a URL, nil if it has none.
func (u *functionURL) crossOrigin() *crossOrigin {
	if u.cors == nil {
		return nil
	}
	var c *crossOrigin
	_ = json.Unmarshal(u.cors, &c) // checkCORS has parsed it
	return c
}

// isPreflight reports whether a browser asks if it may send another request.
func (r *urlRequest) isPreflight() bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// actual returns the headers for a response; there are none for an origin that is not
// allowed. A request from any origin gets that origin, not *.
func (c *crossOrigin) actual(r *urlRequest) http.Header {
	h, origin := http.Header{}, r.Header.Get("Origin")
	if origin == "" || !slices.Contains(c.AllowOrigins, "*") && !slices.Contains(c.AllowOrigins, origin) {
		return h
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Vary", "Origin")
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
	}
	return h
}

// preflight returns the headers of the answer to a preflight request.
func (c *crossOrigin) preflight(r *urlRequest) http.Header {
	h := c.actual(r)
	if len(h) == 0 {
		return h
	}
	h.Del("Access-Control-Expose-Headers")
	h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
	if len(c.AllowHeaders) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
	}
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge)))
	}
	return h
}
