package policy

// create allows creating a function, and deleting it again if the release fails before it
// has an alias, which needs to know what others have given it meanwhile. Passing the role
// is allowed with the configuration.
func (f onFunction) create() {
	tagged, given := f.Create[f.fn.Name]
	if !given || f.DryRun {
		return
	}
	f.onItself("lambda:CreateFunction", "lambda:DeleteFunction", "lambda:ListAliases", "lambda:ListVersionsByFunction")
	f.allow("EventSourceMappings", "*", "lambda:ListEventSourceMappings") // IAM knows no resource for it
	if tagged {
		f.onItself("lambda:TagResource")
	}
}
