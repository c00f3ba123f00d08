package localaws

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// crossOrigin are the CORS settings of a function URL. Lambda answers the preflight
// requests itself, and sets the headers of all other responses.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
type crossOrigin struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	MaxAge                                                  int32
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

// actual returns the headers of a response; there are none for an origin that is not
// allowed.
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
