package localaws

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// settings are the members of CreateFunction and UpdateFunctionConfiguration
// that are supported; nil members were omitted.
type settings struct {
	Description       *string
	Runtime           *string
	Handler           *string
	Role              *string
	MemorySize        *int32
	Timeout           *int32
	Environment       *struct{ Variables map[string]string }
	Layers            []string
	SnapStart         *struct{ ApplyOn *string }
	TracingConfig     *struct{ Mode *string }
	EphemeralStorage  *struct{ Size *int32 }
	LoggingConfig     *LoggingConfig
	ImageConfig       *ImageConfig
	VPCConfig         *VPCConfig `json:"VpcConfig"`
	KMSKeyArn         *string
	FileSystemConfigs []FileSystem
	DeadLetterConfig  *struct{ TargetArn string }
	DurableConfig     *DurableConfig
}

// validate checks the settings against the API's constraints.
func (in *settings) validate(v *validation) {
	if in.Description != nil {
		v.length(*in.Description, "description", 0, 256) // A5
	}
	if in.Role != nil {
		v.pattern(*in.Role, "role", rolePattern)
	}
	if in.Handler != nil {
		v.length(*in.Handler, "handler", 0, 128)
		v.pattern(*in.Handler, "handler", handlerPattern)
	}
	for _, arn := range in.Layers {
		v.length(arn, "layers", 1, 140)
		v.pattern(arn, "layers", layerPattern)
	}
	if in.KMSKeyArn != nil {
		v.pattern(*in.KMSKeyArn, "kMSKeyArn", resourcePattern)
	}
	if in.DeadLetterConfig != nil {
		v.pattern(in.DeadLetterConfig.TargetArn, "deadLetterConfig.targetArn", resourcePattern)
	}
	if c := in.VPCConfig; c != nil {
		v.check(len(c.SubnetIDs) <= 16, list(c.SubnetIDs), "vpcConfig.subnetIds", "Member must have length less than or equal to 16")
		v.check(len(c.SecurityGroupIDs) <= 5, list(c.SecurityGroupIDs), "vpcConfig.securityGroupIds", "Member must have length less than or equal to 5")
	}
	v.check(len(in.FileSystemConfigs) <= 1, "'["+strconv.Itoa(len(in.FileSystemConfigs))+"]'", "fileSystemConfigs", "Member must have length less than or equal to 1")
	for _, c := range in.FileSystemConfigs {
		v.length(c.Arn, "fileSystemConfigs.arn", 0, 200)
		v.pattern(c.LocalMountPath, "fileSystemConfigs.localMountPath", mountPattern)
	}
	if in.Environment != nil {
		for _, name := range slices.Sorted(maps.Keys(in.Environment.Variables)) {
			v.pattern(name, "environment.variables", variablePattern)
		}
	}
	if c := in.ImageConfig; c != nil {
		v.length(c.WorkingDirectory, "imageConfig.workingDirectory", 0, 1000)
	}
	if in.MemorySize != nil {
		v.between(*in.MemorySize, "memorySize", 128, 32768)
	}
	if in.Timeout != nil {
		v.check(*in.Timeout >= 1, quote(*in.Timeout), "timeout", "Member must have value greater than or equal to 1")
	}
	if in.SnapStart != nil && in.SnapStart.ApplyOn != nil {
		v.oneOf(*in.SnapStart.ApplyOn, "snapStart.applyOn", "PublishedVersions", "None")
	}
	if in.TracingConfig != nil && in.TracingConfig.Mode != nil {
		v.oneOf(*in.TracingConfig.Mode, "tracingConfig.mode", "Active", "PassThrough")
	}
	if in.EphemeralStorage != nil && v.present(in.EphemeralStorage.Size != nil, "ephemeralStorage.size") {
		v.between(*in.EphemeralStorage.Size, "ephemeralStorage.size", 512, 10240)
	}
	in.DurableConfig.validate(v)
	if c := in.LoggingConfig; c != nil {
		v.oneOf(c.LogFormat, "loggingConfig.logFormat", "JSON", "Text")
		v.oneOf(c.ApplicationLogLevel, "loggingConfig.applicationLogLevel", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
		v.oneOf(c.SystemLogLevel, "loggingConfig.systemLogLevel", "DEBUG", "INFO", "WARN")
		if c.LogGroup != "" {
			v.length(c.LogGroup, "loggingConfig.logGroup", 1, 512)
			v.pattern(c.LogGroup, "loggingConfig.logGroup", logGroupPattern)
		}
	}
}

func list(values []string) string { return quote("[" + strings.Join(values, ", ") + "]") }

// maxLayers is how many layers a function can have.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxLayers = 5

// suits refuses settings that do not go with the function that they are for.
func (in *settings) suits(c *Function) error {
	switch {
	case c.PackageType == "Image" && (in.Runtime != nil || in.Handler != nil || len(in.Layers) > 0):
		return invalid("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.")
	case c.PackageType != "Image" && in.ImageConfig != nil && !in.ImageConfig.isZero():
		return invalid("Please don't provide ImageConfig when the intended function PackageType is Zip.")
	case len(in.Layers) > maxLayers:
		return invalid("Cannot reference more than %d layers.", maxLayers)
	case in.VPCConfig != nil && (len(in.VPCConfig.SubnetIDs) == 0) != (len(in.VPCConfig.SecurityGroupIDs) == 0):
		return invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
	}
	if l := in.LoggingConfig; l != nil && (l.ApplicationLogLevel != "" || l.SystemLogLevel != "") && cmp.Or(l.LogFormat, c.Logging.LogFormat) != "JSON" {
		return invalid("Setting log levels is only supported when LogFormat is set to JSON.")
	}
	return nil
}

// validateArchitectures checks a list of one architecture; nil was omitted.
func validateArchitectures(v *validation, list []string) {
	if list == nil {
		return
	}
	value := quote("[" + strings.Join(list, ", ") + "]")
	v.check(len(list) >= 1, value, "architectures", "Member must have length greater than or equal to 1")
	v.check(len(list) <= 1, value, "architectures", "Member must have length less than or equal to 1")
	for _, name := range list {
		v.check(name == "x86_64" || name == "arm64", value, "architectures", "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")
	}
}

// reservedVariables are environment variables that only Lambda sets.
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// maxEnvironment is the limit in bytes for the environment, as JSON.
const maxEnvironment = 4096

// check refuses settings that satisfy the constraints of the API, and are wrong.
func (in *settings) check() error {
	if err := checkRuntime(in.Runtime); err != nil {
		return err
	}
	if in.Timeout != nil && *in.Timeout > 900 {
		return invalid("1 validation error detected: Value '%d' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900", *in.Timeout)
	}
	if in.MemorySize != nil && *in.MemorySize > 10240 {
		return invalid("'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240")
	}
	if in.Environment == nil {
		return nil
	}
	var reserved []string
	for _, name := range slices.Sorted(maps.Keys(in.Environment.Variables)) {
		if slices.Contains(reservedVariables, name) {
			reserved = append(reserved, name)
		}
	}
	if reserved != nil {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	}
	if measured, _ := json.Marshal(in.Environment.Variables); len(measured) > maxEnvironment { // strings always encode
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %s", measured)
	}
	return nil
}

// apply changes a configuration; omitted settings stay as they are.
func (in *settings) apply(c *Function) {
	set(&c.Description, in.Description)
	set(&c.Runtime, in.Runtime)
	set(&c.Handler, in.Handler)
	set(&c.Role, in.Role)
	set(&c.MemorySize, in.MemorySize)
	set(&c.Timeout, in.Timeout)
	set(&c.KMSKey, in.KMSKeyArn)
	if in.Environment != nil {
		c.Environment = in.Environment.Variables
	}
	if in.Layers != nil {
		c.Layers = in.Layers
	}
	if in.SnapStart != nil {
		set(&c.SnapStart, in.SnapStart.ApplyOn)
	}
	if in.TracingConfig != nil {
		set(&c.Tracing, in.TracingConfig.Mode)
	}
	if in.EphemeralStorage != nil {
		set(&c.EphemeralStorage, in.EphemeralStorage.Size)
	}
	if in.LoggingConfig != nil {
		c.Logging.change(*in.LoggingConfig)
	}
	if in.ImageConfig != nil {
		c.Image = in.ImageConfig
	}
	if in.VPCConfig != nil {
		c.VPC = in.VPCConfig
	}
	if in.FileSystemConfigs != nil {
		c.FileSystems = in.FileSystemConfigs
	}
	if in.DeadLetterConfig != nil {
		c.DeadLetterConfig = in.DeadLetterConfig.TargetArn
	}
	if in.DurableConfig != nil {
		c.Durable = in.DurableConfig
	}
}

// change changes the logging; omitted members stay as they are. The format Text has
// no levels, in JSON they are INFO unless set.
func (c *LoggingConfig) change(to LoggingConfig) {
	for _, member := range []struct{ to, from *string }{
		{&c.LogFormat, &to.LogFormat},
		{&c.ApplicationLogLevel, &to.ApplicationLogLevel},
		{&c.SystemLogLevel, &to.SystemLogLevel},
		{&c.LogGroup, &to.LogGroup},
	} {
		if *member.from != "" {
			*member.to = *member.from
		}
	}
	if c.LogFormat == "Text" {
		c.ApplicationLogLevel, c.SystemLogLevel = "", ""
		return
	}
	c.ApplicationLogLevel = cmp.Or(c.ApplicationLogLevel, "INFO")
	c.SystemLogLevel = cmp.Or(c.SystemLogLevel, "INFO")
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// defaults returns the defaults of CreateFunction.
func defaults() Function {
	return Function{
		MemorySize:       128,
		Timeout:          3,
		PackageType:      "Zip",
		Architectures:    []string{"x86_64"},
		SnapStart:        "None",
		Tracing:          "PassThrough",
		EphemeralStorage: 512,
		Logging:          LoggingConfig{LogFormat: "Text"},
	}
}

// Configure writes the configuration of $LATEST, like an UpdateFunctionConfiguration
// that has completed.
func (c *Cloud) Configure(name string, change func(*Function)) {
	c.on(name, func(f *function) {
		to := f.latest.clone()
		change(&to)
		c.store.write(f, to)
		f.latest.ready()
	})
}

// Function returns the code and configuration of a version, an alias's version, or with
// qualifier "" of $LATEST.
func (c *Cloud) Function(name, qualifier string) Function {
	var found Function
	c.on(name, func(f *function) { found = f.mustResolve(qualifier).clone() })
	return found
}
