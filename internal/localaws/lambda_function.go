package localaws

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Function is the code and configuration of a function or of one version of it.
type Function struct {
	Description      string
	Runtime          string
	Handler          string
	Role             string
	MemorySize       int32 // MB
	Timeout          int32 // seconds
	Environment      map[string]string
	EnvironmentError string   // message of an access error that reads show instead of Environment
	Layers           []string // ARNs of layer versions
	Architectures    []string
	PackageType      string // "Zip" or "Image"
	SnapStart        string // ApplyOn: "None" or "PublishedVersions"
	Tracing          string // Mode: "PassThrough" or "Active"
	EphemeralStorage int32  // MB
	Logging          LoggingConfig
	Image            *ImageConfig // of an image; nil: none
	VPC              *VPCConfig   // nil: none
	KMSKey           string       // ARN
	FileSystems      []FileSystem
	DeadLetterConfig string         // ARN of a queue or topic
	Durable          *DurableConfig // nil: not durable
	Code             []byte         // the zip; nil for an image
	ImageURI         string
	CodeSha256       string // computed from Code or ImageURI
}

// The structures of a configuration, as in the API.
type (
	// LoggingConfig has levels only in the format JSON.
	LoggingConfig struct {
		LogFormat           string `json:",omitempty"` // "Text" or "JSON"
		ApplicationLogLevel string `json:",omitempty"`
		SystemLogLevel      string `json:",omitempty"`
		LogGroup            string `json:",omitempty"` // "": /aws/lambda/NAME
	}
	// ImageConfig overrides settings of a container image.
	ImageConfig struct {
		EntryPoint       []string `json:",omitempty"`
		Command          []string `json:",omitempty"`
		WorkingDirectory string   `json:",omitempty"`
	}
	// VPCConfig connects a function to a VPC.
	VPCConfig struct {
		SubnetIDs        []string `json:"SubnetIds"`
		SecurityGroupIDs []string `json:"SecurityGroupIds"`
		VPCID            string   `json:"VpcId"` // only in answers
		IPv6             bool     `json:"Ipv6AllowedForDualStack"`
	}
	// FileSystem is a file system that a function mounts.
	FileSystem struct {
		Arn            string
		LocalMountPath string
	}
)

// snapStarts reports whether publishing takes a snapshot.
func (c *Function) snapStarts() bool { return c.SnapStart == "PublishedVersions" }

// clone returns a copy that shares no data that is modified.
func (c *Function) clone() Function {
	d := *c
	d.Environment = maps.Clone(c.Environment)
	d.Layers = slices.Clone(c.Layers)
	d.Architectures = slices.Clone(c.Architectures)
	d.FileSystems = slices.Clone(c.FileSystems)
	return d
}

// function is a function with its versions, aliases and policies.
type function struct {
	name       string
	arn        string    // unqualified
	made       time.Time // zero if Go code made it
	changes    []change
	tags       map[string]string
	latest     *version
	replaced   []replacedCode
	versions   map[int]*version
	managed    *version // $LATEST.PUBLISHED (V19c); nil: none
	last       int      // number of the newest version, 0 if there is none
	written    bool     // $LATEST was written since it was published (V6, V7)
	aliases    map[string]*alias
	urls       map[string]*functionURL // by alias, "" the function's own
	async      map[string]*eventInvoke // by qualifier
	executions []*execution            // in the order in which they began
	policies   map[string]*policy      // by qualifier, "" the function's own
	signing    string                  // ARN of the code signing configuration, "": none

	provisioned  map[string]*provisioned // by qualifier
	provisioning time.Duration           // how long an allocation takes
	failures     map[string]string       // by qualifier, set by FailProvisioning
	busy         map[string]time.Time    // until when, by qualifier, set by SetBusy

	outcome *status                 // of the next versions, set by OnPublish
	script  func(Invocation) Answer // set by OnInvoke; nil: echo
}

// region returns the region of a function.
func (f *function) region() string { return strings.Split(f.arn, ":")[3] }

// create adds a function that is Pending.
func (s *store) create(t target, c Function, tags map[string]string) (*function, error) {
	if s.functions[t.arn] != nil {
		return nil, conflict("Function already exist: %s", t.function)
	}
	if err := s.checkStorage(c.codeSize()); err != nil {
		return nil, err
	}
	now := time.Now()
	f := &function{
		name: t.function,
		arn:  t.arn,
		made: s.writeTime(),
		tags: tags,
		latest: &version{
			Function: c,
			number:   latestVersion,
			modified: s.date(),
			revision: newID(),
			state:    creating,
			settling: &settling{now.Add(s.settle), active, successful, true},
		},
		versions: map[int]*version{},
		last:     s.numbers[t.arn],
		written:  true,
		aliases:  map[string]*alias{},
		urls:     map[string]*functionURL{},
		async:    map[string]*eventInvoke{},
		policies: map[string]*policy{},

		provisioned:  map[string]*provisioned{},
		provisioning: s.provisioning,
		failures:     map[string]string{},
		busy:         map[string]time.Time{},
	}
	s.functions[t.arn] = f
	return f, nil
}

// write begins an update of $LATEST (V2, V7).
func (s *store) write(f *function, c Function) {
	s.changeVersion(f, latestVersion)
	now := time.Now()
	f.replace(now)
	f.latest.Function = c
	f.written = true
	f.latest.modified = s.date()
	f.latest.revision = newID()
	f.latest.update = updating
	f.latest.settling = &settling{now.Add(s.settle), f.latest.state, successful, true}
}

// writable refuses to write or publish $LATEST while it is changing (V3).
func (f *function) writable() error {
	switch {
	case f.latest.state.value != "Active" && f.latest.state.value != "Inactive":
		return conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", f.latest.state.value)
	case f.latest.update.value == "InProgress":
		return updateInProgress(f.arn)
	}
	return f.idle("")
}

// createFunction implements V1.
func (l *lambda) createFunction(r *request) (answer, error) {
	var in struct {
		settings
		FunctionName  *string
		Code          *codeInput
		CodeSigning   string `json:"CodeSigningConfigArn"`
		PackageType   string
		Architectures []string
		Publish       bool
		Tags          map[string]string
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	v.required(in.FunctionName, "functionName")
	v.required(in.Role, "role")
	v.check(in.Code != nil, "null", "code", "Member must not be null")
	v.check(in.PackageType == "" || in.PackageType == "Zip" || in.PackageType == "Image", quote(in.PackageType), "packageType", "Member must satisfy enum value set: [Image, Zip]")
	validateArchitectures(&v, in.Architectures)
	in.validate(&v)
	if err := v.err(); err != nil {
		return answer{}, err
	}
	if err := in.check(); err != nil {
		return answer{}, err
	}
	r.function = *in.FunctionName
	t, err := l.targetOf(r, "")
	if err != nil {
		return answer{}, err
	}
	if len(t.function) > 64 {
		return answer{}, invalid("1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64", t.function)
	}
	c := defaults()
	if in.PackageType != "" {
		c.PackageType = in.PackageType
	}
	if in.Architectures != nil {
		c.Architectures = in.Architectures
	}
	if err := in.Code.check(c.PackageType, "creating"); err != nil {
		return answer{}, err
	}
	if err := in.suits(&c); err != nil {
		return answer{}, err
	}
	in.apply(&c)
	if c.PackageType == "Zip" && (in.Runtime == nil || in.Handler == nil) {
		return answer{}, invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fetch(in.Code, r.region); err != nil {
		return answer{}, err
	}
	if err := in.Code.apply(&c); err != nil {
		return answer{}, err
	}
	if err := l.checkSignature(t.function, in.CodeSigning, &c); err != nil {
		return answer{}, err
	}
	if err := l.checkRole(in.Role); err != nil {
		return answer{}, err
	}
	f, err := l.create(t, c, in.Tags)
	if err != nil {
		return answer{}, err
	}
	f.signing = in.CodeSigning
	if in.Publish {
		v, err := l.publish(f, nil, creating, f.outcomeOfPublish())
		if err != nil {
			return answer{}, err
		}
		out := v.describe(f, "")
		out.RevisionID = newID() // V11a
		return reply(http.StatusCreated, out), nil
	}
	return reply(http.StatusCreated, f.latest.describe(f, "")), nil
}

// getFunction implements V13 and V14.
func (l *lambda) getFunction(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, v, qualifier, err := l.versionOf(r)
	if err != nil {
		return answer{}, err
	}
	out := struct {
		Configuration configuration
		Code          map[string]string
		Tags          map[string]string `json:",omitempty"`
	}{
		Configuration: v.describe(f, qualifier),
		Code:          map[string]string{"RepositoryType": "S3", "Location": l.location(r, f, v.Code)},
		Tags:          f.tags,
	}
	if v.PackageType == "Image" {
		repository, _, _ := strings.Cut(v.ImageURI, "@")
		if i := strings.LastIndex(repository, ":"); i > strings.LastIndex(repository, "/") {
			repository = repository[:i]
		}
		out.Code = map[string]string{"RepositoryType": "ECR", "ImageUri": v.ImageURI, "ResolvedImageUri": repository + "@sha256:" + v.CodeSha256}
	}
	return reply(http.StatusOK, out), nil
}

// getFunctionConfiguration implements V13 and V14.
func (l *lambda) getFunctionConfiguration(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, v, qualifier, err := l.versionOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, v.describe(f, qualifier)), nil
}

// versionOf returns the version that a call names, and its qualifier.
func (l *lambda) versionOf(r *request) (*function, *version, string, error) {
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return nil, nil, "", err
	}
	f, err := l.find(t)
	if err != nil {
		return nil, nil, "", err
	}
	f = l.view(r, f, t.qualifier)
	v := f.resolve(t.qualifier)
	if v == nil {
		return nil, nil, "", notFound("Function not found: %s", qualified(t.arn, t.qualifier))
	}
	return f, v, t.qualifier, nil
}

// updateFunctionCode implements V2, V3, V5 and V7.
func (l *lambda) updateFunctionCode(r *request) (answer, error) {
	var in struct {
		codeInput
		Architectures []string
		Publish       bool
		DryRun        bool
		RevisionID    string `json:"RevisionId"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	validateArchitectures(&v, in.Architectures)
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	if in.RevisionID != "" && in.RevisionID != f.latest.revision {
		return answer{}, stale()
	}
	if err := in.check(f.latest.PackageType, "updating"); err != nil {
		return answer{}, err
	}
	if err := f.writable(); err != nil {
		return answer{}, err
	}
	c := f.latest.clone()
	if err := l.fetch(&in.codeInput, f.region()); err != nil {
		return answer{}, err
	}
	if err := in.apply(&c); err != nil {
		return answer{}, err
	}
	if err := l.checkSignature(f.name, f.signing, &c); err != nil {
		return answer{}, err
	}
	if in.Architectures != nil {
		c.Architectures = in.Architectures
	}
	if err := l.checkStorage(c.codeSize() - f.latest.codeSize()); err != nil {
		return answer{}, err
	}
	if in.DryRun {
		dry := *f.latest
		dry.Function = c
		return reply(http.StatusOK, dry.describe(f, "")), nil
	}
	l.write(f, c)
	if in.Publish {
		v, err := l.publish(f, nil, creating, f.outcomeOfPublish())
		if err != nil {
			return answer{}, err
		}
		return reply(http.StatusOK, v.describe(f, v.number)), nil
	}
	return reply(http.StatusOK, f.latest.describe(f, "")), nil
}

// updateFunctionConfiguration implements V2, V3 and V7.
func (l *lambda) updateFunctionConfiguration(r *request) (answer, error) {
	var in struct {
		settings
		RevisionID string `json:"RevisionId"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	in.validate(&v)
	if err := v.err(); err != nil {
		return answer{}, err
	}
	if err := in.check(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	if in.RevisionID != "" && in.RevisionID != f.latest.revision {
		return answer{}, stale()
	}
	if err := f.writable(); err != nil {
		return answer{}, err
	}
	c := f.latest.clone()
	if err := in.suits(&c); err != nil {
		return answer{}, err
	}
	if err := l.checkRole(in.Role); err != nil {
		return answer{}, err
	}
	in.apply(&c)
	l.write(f, c)
	return reply(http.StatusOK, f.latest.describe(f, "")), nil
}

// deleteFunction deletes a function, or one version of it (V15 to V18).
func (l *lambda) deleteFunction(r *request) (answer, error) {
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.function(t.arn)
	if f == nil {
		return answer{}, notFound("Function not found: %s", t.arn)
	}
	if t.qualifier == "" {
		for _, v := range f.all() {
			if v.replica {
				return answer{}, replicated(f, v)
			}
		}
		l.numbers[f.arn] = f.last
		delete(l.functions, f.arn)
		return empty(), nil
	}
	if t.qualifier == latestVersion || t.qualifier == latestPublished {
		return answer{}, invalid("%s version cannot be deleted without deleting the function.", t.qualifier)
	}
	if err := f.idle(t.qualifier); err != nil {
		return answer{}, err
	}
	if f.aliases[t.qualifier] != nil {
		return answer{}, invalid("Deletion of aliases is not currently supported.")
	}
	v := f.resolve(t.qualifier)
	if v == nil {
		return empty(), nil // V16
	}
	if names := f.aliasesOf(v.number); len(names) > 0 {
		return answer{}, conflict("Unable to delete version because the following aliases reference it: [%s]", strings.Join(names, ", "))
	}
	if v.replica {
		return answer{}, replicated(f, v)
	}
	l.drop(f, v)
	return empty(), nil
}

// replicated is the error for a version that has replicas at the edge (V17).
func replicated(f *function, v *version) error {
	return invalid("Lambda was unable to delete %s because it is a replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas.", qualified(f.arn, v.number))
}

// listFunctions lists the functions of a region, for use with the aws CLI.
func (l *lambda) listFunctions(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	prefix := functionARN(r.region, l.account, "", "")
	var all []configuration
	for _, arn := range slices.Sorted(maps.Keys(l.functions)) {
		if !strings.HasPrefix(arn, prefix) {
			continue
		}
		f := l.function(arn)
		if r.query.Get("FunctionVersion") != "ALL" {
			all = append(all, f.latest.entry(f, ""))
			continue
		}
		for _, v := range f.all() {
			all = append(all, v.entry(f, v.number))
		}
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}{page, next}), nil
}
