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
	EphemeralStorage           map[string]int
	SnapStart                  map[string]string
}

type (
	targetARN   struct{ TargetArn string }
	environment struct{ Variables map[string]string }
	layer       struct {
		Arn      string
		CodeSize int64
	}
)

// describe returns a version with its state. The ARN ends in the qualifier that
// the caller used (V13).
func (v *version) describe(f *function, qualifier string) configuration {
	c := v.entry(f, qualifier)
	c.State, c.StateReason, c.StateReasonCode = v.state.value, v.state.reason, v.state.code
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = v.update.value, v.update.reason, v.update.code
	return c
}

// entry returns a version as lists do, without its state (V12).
func (v *version) entry(f *function, qualifier string) configuration {
	c := configuration{
		FunctionName:     f.name,
		FunctionArn:      qualified(f.arn, qualifier),
		Runtime:          v.Runtime,
		Role:             v.Role,
		Handler:          v.Handler,
		CodeSize:         v.codeSize(),
		Description:      v.Description,
		Timeout:          v.Timeout,
		MemorySize:       v.MemorySize,
		LastModified:     timestamp(v.modified),
		CodeSha256:       v.CodeSha256,
		Version:          v.number,
		TracingConfig:    map[string]string{"Mode": "PassThrough"},
		RevisionID:       v.revision,
		PackageType:      v.PackageType,
		Architectures:    v.Architectures,
		EphemeralStorage: map[string]int{"Size": 512},
		SnapStart:        map[string]string{"ApplyOn": v.SnapStart, "OptimizationStatus": "Off"},
	}
	if v.snapStarts() && v.number != latestVersion {
		c.SnapStart["OptimizationStatus"] = "On"
	}
	if v.DeadLetterConfig != "" {
		c.DeadLetterConfig = &targetARN{v.DeadLetterConfig}
	}
	if len(v.Environment) > 0 {
		c.Environment = &environment{v.Environment}
	}
	for _, arn := range v.Layers {
		c.Layers = append(c.Layers, layer{Arn: arn})
	}
	return c
}

// timestamp formats a time as Lambda does.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000+0000") }
