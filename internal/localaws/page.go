package localaws

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

// maxPage is how many entries a page of Lambda's has at most, whatever MaxItems says.
const maxPage = 50

// page cuts out the part of a list that a Lambda call asks for.
func page[T any](r *request, all []T) (entries []T, next string, err error) {
	size := maxPage
	if s := r.query.Get("MaxItems"); s != "" {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return nil, "", &apiError{http.StatusBadRequest, "SerializationException", "STRING_VALUE can not be converted to an Integer"}
		}
		var v validation
		v.between(int32(n), "maxItems", 1, 10000)
		if err := v.err(); err != nil {
			return nil, "", err
		}
		size = min(size, int(n))
	}
	marker := r.query.Get("Marker")
	entries, next, ok := part(all, marker, size)
	if !ok {
		return nil, "", invalid("Invalid Marker: %s", marker)
	}
	return entries, next, nil
}

// part cuts at most size entries out of a list. The token is the place to go on
// from, "" the start; ok is false if it is no token.
func part[T any](all []T, token string, size int) (entries []T, next string, ok bool) {
	from := 0
	if token != "" {
		b, err := base64.StdEncoding.DecodeString(token)
		if err == nil {
			from, err = strconv.Atoi(string(b))
		}
		if err != nil || from < 0 {
			return nil, "", false
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return append([]T{}, all[from:to]...), next, true
}
