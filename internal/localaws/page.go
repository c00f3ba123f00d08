package localaws

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

// maxPage is how many entries a page has at most, whatever MaxItems says.
const maxPage = 50

// page cuts out the part of a list that the call asks for. The marker is the
// place to go on from.
func page[T any](r *request, all []T) (part []T, next string, err error) {
	size, from := maxPage, 0
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
	if s := r.query.Get("Marker"); s != "" {
		b, err := base64.StdEncoding.DecodeString(s)
		if err == nil {
			from, err = strconv.Atoi(string(b))
		}
		if err != nil || from < 0 {
			return nil, "", invalid("Invalid Marker: %s", s)
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return append([]T{}, all[from:to]...), next, nil
}
