package localaws

import (
	"encoding/base64"
	"net/http"
	"strconv"
)

// pageLimits are the limits of a list of Lambda.
type pageLimits struct {
	standard int   // entries on a page if the call has no MaxItems
	most     int   // entries on a page, whatever MaxItems is
	least    int32 // MaxItems
	greatest int32
}

// limits returns the limits of a list.
func limits(operation string) pageLimits {
	switch operation {
	case "ListEventSourceMappings":
		return pageLimits{100, 100, 1, 10000}
	case "ListDurableExecutionsByFunction":
		return pageLimits{100, 1000, 0, 1000}
	case "ListFunctionUrlConfigs", "ListFunctionEventInvokeConfigs", "ListProvisionedConcurrencyConfigs":
		return pageLimits{50, 50, 1, 50}
	}
	return pageLimits{50, 50, 1, 10000}
}

// page returns the page of a list that a call of Lambda asks for.
func page[T any](r *request, all []T) (entries []T, next string, err error) {
	limit := limits(r.operation)
	size := limit.standard
	if s := r.query.Get("MaxItems"); s != "" {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return nil, "", &apiError{http.StatusBadRequest, "SerializationException", "STRING_VALUE can not be converted to an Integer"}
		}
		var v validation
		v.between(int32(n), "maxItems", limit.least, limit.greatest)
		if err := v.err(); err != nil {
			return nil, "", err
		}
		if n > 0 {
			size = min(int(n), limit.most)
		}
	}
	marker := r.query.Get("Marker")
	entries, next, ok := part(all, marker, size)
	if !ok {
		return nil, "", invalid("Invalid Marker: %s", marker)
	}
	return entries, next, nil
}

// part returns at most size entries of a list, from the position in token, "" being
// the start, and the token of the next page. ok is false if the token is invalid.
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
