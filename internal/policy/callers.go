package policy

// CopyFrom is from where an alias gets its settings.
type CopyFrom uint8

// The sources of settings.
const (
	FromNowhere CopyFrom = iota
	FromFunction
	FromAlias
)

// URL is the function URL that an alias gets.
type URL struct {
	Public bool // it answers everyone, else only identities of IAM
	CORS   bool // its CORS settings are changed
}

// callers allows leading callers to the alias, beside API Gateway stages.
func (b *builder) callers() {
	for _, fn := range b.Functions {
		f := onFunction{b, fn, b.arn(fn)}
		f.functionURL()
		f.copySettings()
		if !b.DryRun {
			f.newAlias()
		}
	}
}

// functionURL allows giving the alias its URL. RemovePermission replaces a statement
// that has our ID and allows something else.
func (f onFunction) functionURL() {
	url, given := f.URLs[f.fn.Name]
	if !given {
		return
	}
	f.onVersions("lambda:GetFunctionUrlConfig")
	if url.Public {
		f.onVersions("lambda:GetPolicy")
	}
	if f.DryRun {
		return
	}
	f.onVersions("lambda:CreateFunctionUrlConfig")
	if url.CORS {
		f.onVersions("lambda:UpdateFunctionUrlConfig")
	}
	if url.Public {
		for _, action := range []string{"lambda:AddPermission", "lambda:RemovePermission"} {
			f.grants = append(f.grants, grant{"PublicURL", action, f.arn + ":*", condition{principalKey, "*"}})
		}
	}
}

// copySettings allows copying settings. For whom the permissions are is not known.
func (f onFunction) copySettings() {
	switch f.CopyFrom {
	case FromNowhere:
		return
	case FromFunction:
		f.onItself("lambda:GetPolicy")
	case FromAlias:
		f.onItself("lambda:ListAliases") // if there is no such alias, the error lists those that there are
		f.onVersions("lambda:GetFunction")
	}
	f.onItself("lambda:ListFunctionEventInvokeConfigs")
	f.onVersions("lambda:GetPolicy")
	if !f.DryRun {
		f.onVersions("lambda:AddPermission", "lambda:PutFunctionEventInvokeConfig")
	}
}

// informing is the Sid of the statements that allow reading what a new alias lacks.
const informing = optional + "NewAlias"

// newAlias allows reading that.
func (f onFunction) newAlias() {
	for _, arn := range []string{f.arn, f.arn + ":*"} { // one statement, as short as possible
		f.allow(informing, arn, "lambda:GetPolicy", "lambda:ListFunctionEventInvokeConfigs", "lambda:ListFunctionUrlConfigs", "lambda:ListProvisionedConcurrencyConfigs")
	}
	f.allow(informing, "*", "lambda:ListEventSourceMappings")
}
