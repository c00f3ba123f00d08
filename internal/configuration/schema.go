package configuration

import "slices"

// kind is the type of a value in a configuration.
type kind int

const (
	text kind = iota
	whole
	decimal
	boolean
	list
	object
	variables // an object of texts that are secrets; given, it replaces all
)

// setting is a key of a configuration, or an element of a list.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
type setting struct {
	name     string // as AWS names it
	kind     kind
	members  []setting // of an object
	element  *setting  // of a list
	required bool      // in an object that is given
	clears   bool      // an object: given as {}, it has all its members empty

	blank       bool     // a text: "" removes it
	least, most float64  // of numbers; 0, 0: no limits
	oneOf       []string // of texts; nil: any
	def         any      // what a function has that has none; nil: none

	// How a difference is shown.
	label   string
	unit    string
	unsaid  bool                    // the value is not shown
	short   func(arn string) string // what is shown of a value; nil: all
	ordered bool                    // of a list: the order counts
}

// plain is an element of a list that is a text, and word one that may be empty.
var (
	plain = setting{kind: text}
	word  = setting{kind: text, blank: true, unsaid: true}
)

// all is the object that has all settings.
var all = setting{kind: object, members: settings}

// settings are all keys of UpdateFunctionConfiguration that a release manages.
var settings = []setting{
	{name: "Runtime", label: "runtime"},
	{name: "Handler", label: "handler"},
	{name: "MemorySize", kind: whole, least: 128, most: 32768, label: "memory", unit: " MB"}, // over 10,240 only on Managed Instances
	{name: "Timeout", kind: whole, least: 1, most: 5400, label: "timeout", unit: " s"},       // over 900 only on Managed Instances
	{name: "Role", label: "role", short: lastSegment},
	{name: "DeadLetterConfig", kind: object, clears: true, members: []setting{
		{name: "TargetArn", blank: true, label: "dead-letter target", short: lastSegment},
	}},
	{name: "Layers", kind: list, element: &plain, ordered: true, label: "layers", short: layerName},
	{name: "Environment", kind: object, clears: true, members: []setting{
		{name: "Variables", kind: variables, label: "environment"},
	}},
	{name: "KMSKeyArn", blank: true, label: "KMS key", short: lastSegment},
	{name: "VpcConfig", kind: object, clears: true, members: []setting{
		{name: "SubnetIds", kind: list, element: &plain, label: "subnets"},
		{name: "SecurityGroupIds", kind: list, element: &plain, label: "security groups"},
		{name: "Ipv6AllowedForDualStack", kind: boolean, label: "IPv6 in the VPC"},
	}},
	{name: "FileSystemConfigs", kind: list, ordered: true, label: "file systems", element: &setting{kind: object, members: []setting{
		{name: "Arn", required: true},
		{name: "LocalMountPath", required: true},
		{name: "S3FilesConfig", kind: object, members: []setting{
			{name: "DirectS3Read", required: true, oneOf: []string{"AUTO", "ENABLED", "DISABLED"}, def: "AUTO"},
		}},
	}}},
	{name: "EphemeralStorage", kind: object, members: []setting{
		{name: "Size", kind: whole, required: true, least: 512, most: 10240, def: 512.0, label: "ephemeral storage", unit: " MB"},
	}},
	{name: "TracingConfig", kind: object, members: []setting{
		{name: "Mode", required: true, oneOf: []string{"Active", "PassThrough"}, def: "PassThrough", label: "tracing"},
	}},
	{name: "SnapStart", kind: object, members: []setting{
		{name: "ApplyOn", required: true, oneOf: []string{"None", "PublishedVersions"}, def: "None", label: "SnapStart"},
	}},
	{name: "LoggingConfig", kind: object, members: []setting{
		{name: "LogFormat", oneOf: []string{"JSON", "Text"}, def: "Text", label: "log format"},
		{name: "ApplicationLogLevel", oneOf: []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}, label: "application log level"},
		{name: "SystemLogLevel", oneOf: []string{"DEBUG", "INFO", "WARN"}, label: "system log level"},
		{name: "LogGroup", label: "log group"},
	}},
	{name: "ImageConfig", kind: object, clears: true, members: []setting{
		{name: "EntryPoint", kind: list, element: &word, ordered: true, label: "entry point of the image", unsaid: true},
		{name: "Command", kind: list, element: &word, ordered: true, label: "command of the image", unsaid: true},
		{name: "WorkingDirectory", blank: true, label: "working directory of the image"},
	}},
	{name: "DurableConfig", kind: object, members: []setting{
		{name: "ExecutionTimeout", kind: whole, least: 1, most: 31622400, label: "timeout of durable executions", unit: " s"},
		{name: "RetentionPeriodInDays", kind: whole, least: 1, most: 90, label: "retention of durable executions", unit: " days"},
		{name: "KMSKeyArn", blank: true, label: "KMS key of durable executions", short: lastSegment},
	}},
	{name: "CapacityProviderConfig", kind: object, members: []setting{
		{name: "LambdaManagedInstancesCapacityProviderConfig", kind: object, required: true, members: []setting{
			{name: "CapacityProviderArn", required: true, label: "capacity provider", short: lastSegment},
			{name: "PerExecutionEnvironmentMaxConcurrency", kind: whole, least: 1, most: 1600, label: "concurrency of an execution environment"},
			{name: "ExecutionEnvironmentMemoryGiBPerVCpu", kind: decimal, least: 2, most: 8, label: "memory per vCPU", unit: " GiB"},
		}},
	}},
}

// foreign are the keys of CreateFunction and UpdateFunctionConfiguration that are no
// configuration here.
var foreign = []string{
	"Architectures", "Code", "CodeSigningConfigArn", "Description", "FunctionName", "PackageType", "Publish", "PublishTo", "RevisionId", "Tags", "TenancyConfig",
}

// Names are the keys of all settings.
func Names() []string { return names(settings) }

func find(in []setting, name string) (setting, bool) {
	i := slices.IndexFunc(in, func(s setting) bool { return s.name == name })
	if i < 0 {
		return setting{}, false
	}
	return in[i], true
}

func names(of []setting) []string {
	var all []string
	for _, s := range of {
		all = append(all, s.name)
	}
	return all
}

// secret reports whether a value may have secrets, also one of another kind than it
// should be.
func (s setting) secret() bool {
	return s.unsaid || s.kind == variables || slices.ContainsFunc(s.members, setting.secret)
}

// empty is the value of a setting that has none.
func (s setting) empty() any {
	switch s.kind {
	case list:
		return []any{}
	case variables:
		return map[string]any{}
	case object:
		all := map[string]any{}
		for _, m := range s.members {
			all[m.name] = m.empty()
		}
		return all
	case boolean:
		return false
	case text, whole, decimal:
	}
	return ""
}
