package localaws

// settings are the members of CreateFunction and UpdateFunctionConfiguration
// that are supported; nil members were omitted.
type settings struct {
	Description      *string
	Runtime          *string
	Handler          *string
	Role             *string
	MemorySize       *int32
	Timeout          *int32
	Environment      *struct{ Variables map[string]string }
	Layers           []string
	SnapStart        *struct{ ApplyOn string }
	DeadLetterConfig *struct{ TargetArn string }
}

// validate checks the settings against the API's constraints.
func (in *settings) validate(v *validation) {
	if in.Description != nil {
		v.length(*in.Description, "description", 0, 256) // A5
	}
	if in.Role != nil {
		v.pattern(*in.Role, "role", rolePattern)
	}
	if in.MemorySize != nil {
		v.between(*in.MemorySize, "memorySize", 128, 32768)
	}
	if in.Timeout != nil {
		v.between(*in.Timeout, "timeout", 1, 900)
	}
}

// apply changes a configuration; omitted settings stay as they are.
func (in *settings) apply(c *Function) {
	set(&c.Description, in.Description)
	set(&c.Runtime, in.Runtime)
	set(&c.Handler, in.Handler)
	set(&c.Role, in.Role)
	set(&c.MemorySize, in.MemorySize)
	set(&c.Timeout, in.Timeout)
	if in.Environment != nil {
		c.Environment = in.Environment.Variables
	}
	if in.Layers != nil {
		c.Layers = in.Layers
	}
	if in.SnapStart != nil {
		c.SnapStart = in.SnapStart.ApplyOn
	}
	if in.DeadLetterConfig != nil {
		c.DeadLetterConfig = in.DeadLetterConfig.TargetArn
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// defaults returns the defaults of CreateFunction.
func defaults() Function {
	return Function{
		MemorySize:    128,
		Timeout:       3,
		PackageType:   "Zip",
		Architectures: []string{"x86_64"},
		SnapStart:     "None",
	}
}
