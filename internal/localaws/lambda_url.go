package localaws

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// functionURL is the HTTPS endpoint of a function or of an alias. DeleteAlias leaves
// it behind (A21); see [alias].
type functionURL struct {
	id       string
	auth     string // "NONE" or "AWS_IAM"
	mode     string // "BUFFERED" or "RESPONSE_STREAM"
	cors     json.RawMessage
	created  time.Time
	modified time.Time
}

// urlInput is the body of CreateFunctionUrlConfig and UpdateFunctionUrlConfig.
type urlInput struct {
	AuthType   *string
	InvokeMode *string
	Cors       json.RawMessage
}

// urlConfiguration is Lambda's FunctionUrlConfig.
type urlConfiguration struct {
	FunctionURL      string `json:"FunctionUrl"`
	FunctionArn      string
	AuthType         string
	Cors             json.RawMessage `json:",omitempty"`
	CreationTime     string
	LastModifiedTime string `json:",omitempty"`
	InvokeMode       string
}

// describe returns a URL as the API does.
func (u *functionURL) describe(f *function, qualifier string) urlConfiguration {
	const layout = "2006-01-02T15:04:05.000Z"
	return urlConfiguration{
		FunctionURL:      "https://" + u.id + ".lambda-url." + f.region() + ".on.aws/",
		FunctionArn:      qualified(f.arn, qualifier),
		AuthType:         u.auth,
		Cors:             u.cors,
		CreationTime:     u.created.UTC().Format(layout),
		LastModifiedTime: u.modified.UTC().Format(layout),
		InvokeMode:       u.mode,
	}
}

const urlQualifierPattern = `((?!^\d+$)^[0-9a-zA-Z-_]+$)`

// urlTarget returns the function and the alias of a call about a URL, or the alias
// that has left a URL behind. missing is the message if there is none.
func (l *lambda) urlTarget(r *request, missing string) (*function, string, error) {
	qualifier := r.query.Get("Qualifier")
	if qualifier != "" {
		var v validation
		v.length(qualifier, "qualifier", 1, 128)
		v.check(matchers[aliasNamePattern].MatchString(qualifier), quote(qualifier), "qualifier", "Member must satisfy regular expression pattern: "+urlQualifierPattern)
		if err := v.err(); err != nil {
			return nil, "", err
		}
	}
	t, err := l.targetOf(r, qualifier)
	if err != nil {
		return nil, "", err
	}
	f := l.function(t.arn)
	if f == nil || t.qualifier != "" && f.aliases[t.qualifier] == nil && (r.operation == "CreateFunctionUrlConfig" || f.urls[t.qualifier] == nil) {
		return nil, "", notFound("%s", missing)
	}
	return f, t.qualifier, nil
}

const (
	noFunction = "Function does not exist"
	noResource = "The resource you requested does not exist."
)

// decodeURL decodes and checks the body of a call about a URL.
func (r *request) decodeURL(in *urlInput, create bool) error {
	if err := r.decode(in); err != nil {
		return err
	}
	var v validation
	v.check(in.AuthType != nil || !create, "null", "authType", "Member must not be null")
	if in.AuthType != nil {
		v.oneOf(*in.AuthType, "authType", "NONE", "AWS_IAM")
	}
	if in.InvokeMode != nil {
		v.oneOf(*in.InvokeMode, "invokeMode", "BUFFERED", "RESPONSE_STREAM")
	}
	if in.Cors == nil || in.removesCORS() {
		return v.err()
	}
	var cors crossOrigin
	if err := json.Unmarshal(in.Cors, &cors); err != nil {
		return unreadable(err)
	}
	cors.validate(&v)
	return cmp.Or(v.err(), cors.check())
}

// removesCORS reports whether the CORS settings are an empty object, which removes them.
func (in *urlInput) removesCORS() bool {
	var members map[string]any
	return in.Cors != nil && json.Unmarshal(in.Cors, &members) == nil && len(members) == 0
}

// apply changes a URL; omitted members stay as they are. CORS settings are replaced as a
// whole.
func (in *urlInput) apply(u *functionURL) {
	set(&u.auth, in.AuthType)
	set(&u.mode, in.InvokeMode)
	if in.removesCORS() {
		u.cors = nil
	} else if in.Cors != nil {
		u.cors = in.Cors
	}
}

// createFunctionURLConfig gives a function or alias a URL.
func (l *lambda) createFunctionURLConfig(r *request) (answer, error) {
	var in urlInput
	if err := r.decodeURL(&in, true); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.urlTarget(r, noFunction)
	if err != nil {
		return answer{}, err
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	if f.urls[qualifier] != nil {
		return answer{}, conflict("Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", qualified(f.arn, qualifier))
	}
	now := l.date()
	u := &functionURL{id: strings.ReplaceAll(newID(), "-", ""), mode: "BUFFERED", created: now, modified: now}
	in.apply(u)
	f.urls[qualifier] = u
	out := u.describe(f, qualifier)
	out.LastModifiedTime = ""
	return reply(http.StatusCreated, out), nil
}

// getFunctionURLConfig returns a URL.
func (l *lambda) getFunctionURLConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.urlTarget(r, noResource)
	if err != nil {
		return answer{}, err
	}
	u := f.urls[qualifier]
	if u == nil {
		return answer{}, notFound("%s", noResource)
	}
	return reply(http.StatusOK, u.describe(f, qualifier)), nil
}

// updateFunctionURLConfig changes a URL.
func (l *lambda) updateFunctionURLConfig(r *request) (answer, error) {
	var in urlInput
	if err := r.decodeURL(&in, false); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.urlTarget(r, noFunction)
	if err != nil {
		return answer{}, err
	}
	u := f.urls[qualifier]
	if u == nil {
		return answer{}, notFound("%s", noResource)
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	in.apply(u)
	u.modified = l.date()
	return reply(http.StatusOK, u.describe(f, qualifier)), nil
}

// deleteFunctionURLConfig deletes a URL.
func (l *lambda) deleteFunctionURLConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.urlTarget(r, noResource)
	if err != nil {
		return answer{}, err
	}
	if f.urls[qualifier] == nil {
		return answer{}, notFound("%s", noResource)
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	delete(f.urls, qualifier)
	return empty(), nil
}

// listFunctionURLConfigs lists the URLs of a function and its aliases.
func (l *lambda) listFunctionURLConfigs(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _, err := l.urlTarget(r, noFunction)
	if err != nil {
		return answer{}, err
	}
	var all []urlConfiguration
	for _, qualifier := range slices.Sorted(maps.Keys(f.urls)) {
		all = append(all, f.urls[qualifier].describe(f, qualifier))
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		FunctionURLConfigs []urlConfiguration `json:"FunctionUrlConfigs"`
		NextMarker         string             `json:",omitempty"`
	}{page, next}), nil
}
