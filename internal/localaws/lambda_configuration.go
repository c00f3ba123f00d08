package localaws

import "time"

// configuration is Lambda's FunctionConfiguration.
type configuration struct {
	FunctionName               string
	FunctionArn                string
	Runtime                    string `json:",omitempty"`
	Role                       string
	Handler                    string `json:",omitempty"`
	CodeSize                   int64
	Description                string
	Timeout                    int32
	MemorySize                 int32
	LastModified               string
	CodeSha256                 string
	Version                    string
	DeadLetterConfig           *targetARN   `json:",omitempty"`
	Environment                *environment `json:",omitempty"`
	KMSKeyArn                  string       `json:",omitempty"`
	TracingConfig              map[string]string
	RevisionID                 string  `json:"RevisionId"`
	Layers                     []layer `json:",omitempty"`
	State                      string  `json:",omitempty"`
	StateReason                string  `json:",omitempty"`
	StateReasonCode            string  `json:",omitempty"`
	LastUpdateStatus           string  `json:",omitempty"`
	LastUpdateStatusReason     string  `json:",omitempty"`
	LastUpdateStatusReasonCode string  `json:",omitempty"`
	PackageType                string
	Architectures              []string
	EphemeralStorage           map[string]int32
	SnapStart                  map[string]string
	LoggingConfig              LoggingConfig
	RuntimeVersionConfig       map[string]string   `json:",omitempty"`
	ImageConfigResponse        *imageConfiguration `json:",omitempty"`
	VPCConfig                  *VPCConfig          `json:"VpcConfig,omitempty"`
	FileSystemConfigs          []FileSystem        `json:",omitempty"`
	DurableConfig              *DurableConfig      `json:",omitempty"`
}

type (
	targetARN   struct{ TargetArn string }
	environment struct {
		Variables map[string]string `json:",omitzero"`
		Error     *environmentError `json:",omitempty"`
	}
	environmentError   struct{ ErrorCode, Message string }
	imageConfiguration struct{ ImageConfig *ImageConfig }
	layer              struct {
		Arn      string
		CodeSize int64
	}
)

// describe returns a version with its state. The ARN ends in the qualifier that
// the caller used (V13).
func (v *version) describe(f *function, qualifier string) configuration {
	c := v.entry(f, qualifier)
	c.State, c.StateReason, c.StateReasonCode = v.state.value, v.state.reason, v.state.code
	c.RuntimeVersionConfig = runtimeVersion(f.region(), v.Runtime)
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = v.update.value, v.update.reason, v.update.code
	return c
}

// entry returns a version as lists do, without its state (V12).
func (v *version) entry(f *function, qualifier string) configuration {
	c := configuration{
		FunctionName:      f.name,
		FunctionArn:       qualified(f.arn, qualifier),
		Runtime:           v.Runtime,
		Role:              v.Role,
		Handler:           v.Handler,
		CodeSize:          v.codeSize(),
		Description:       v.Description,
		Timeout:           v.Timeout,
		MemorySize:        v.MemorySize,
		LastModified:      timestamp(v.modified),
		CodeSha256:        v.CodeSha256,
		Version:           v.number,
		KMSKeyArn:         v.KMSKey,
		TracingConfig:     map[string]string{"Mode": v.Tracing},
		RevisionID:        v.revision,
		PackageType:       v.PackageType,
		Architectures:     v.Architectures,
		EphemeralStorage:  map[string]int32{"Size": v.EphemeralStorage},
		SnapStart:         map[string]string{"ApplyOn": v.SnapStart, "OptimizationStatus": "Off"},
		LoggingConfig:     v.Logging,
		FileSystemConfigs: v.FileSystems,
		DurableConfig:     v.Durable,
	}
	if c.LoggingConfig.LogGroup == "" {
		c.LoggingConfig.LogGroup = "/aws/lambda/" + f.name
	}
	if v.Image != nil && !v.Image.isZero() {
		c.ImageConfigResponse = &imageConfiguration{v.Image}
	}
	if v.VPC != nil {
		vpc := *v.VPC
		if len(vpc.SubnetIDs) > 0 {
			vpc.VPCID = "vpc-0localaws"
		}
		c.VPCConfig = &vpc
	}
	if v.snapStarts() && v.number != latestVersion {
		c.SnapStart["OptimizationStatus"] = "On"
	}
	if v.DeadLetterConfig != "" {
		c.DeadLetterConfig = &targetARN{v.DeadLetterConfig}
	}
	switch {
	case v.EnvironmentError != "":
		c.Environment = &environment{Error: &environmentError{"AccessDeniedException", v.EnvironmentError}}
	case v.Environment != nil:
		c.Environment = &environment{Variables: v.Environment}
	}
	for _, arn := range v.Layers {
		c.Layers = append(c.Layers, layer{Arn: arn})
	}
	return c
}

// timestamp formats a time as Lambda does.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000+0000") }

// isZero reports whether an image config overrides nothing.
func (c *ImageConfig) isZero() bool {
	return len(c.EntryPoint) == 0 && len(c.Command) == 0 && c.WorkingDirectory == ""
}
