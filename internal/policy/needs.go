package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/artifact"
	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
)

// Needs is what a job with some inputs may do, whichever branch or tag triggers
// it. The names are those of the inputs.
type Needs struct {
	Operation string
	DryRun    bool
	Functions []function.ID
	Globs     []function.Pattern         // of more functions
	Publishes bool                       // release: some alias does not follow $LATEST
	Code      map[string]artifact.Source // by function name
	Bucket    string                     // where packages from here are staged; "": nowhere
	Prefix    string                     // of the keys there
	// Configuration is what is written to $LATEST, by function name.
	Configuration map[string]configuration.Configuration
	Create        map[string]bool // by function name: it is created if it does not exist, true with tags
	ByNumber      bool            // promote: the version is given as a number, or by its commit
	SmokeTest     []string        // names of functions
	Hooks         []Hook          // to invoke, or to ask about in a dry run
	PostHook      bool            // one of them is invoked after the move
	Alarms        bool
	Metrics       bool // to judge the version by
	Comparison    bool // by default, which goes without the permission
	BakeTime      bool
	CodeDeploy    *CodeDeploy // nil: not used
	Provisioned   bool
	Stages        map[string][]string // by function name: ARNs
	Prune         bool                // after a release

	URLs     map[string]URL // by function name; a function left out keeps its URL
	CopyFrom CopyFrom

	Region    string // where the ARN of a function has none; "" if not known
	Account   string // the same
	Partition string // the same
}

// CodeDeploy is the deployment group that shifts the traffic.
type CodeDeploy struct {
	Application, Group string
	Config             string // a deployment configuration; "": the group's own
}

// Hook is a function that judges a version.
type Hook struct {
	Function  function.ID
	Qualifier string // a version or an alias; "": its unpublished code
}

// Known returns n with this region and account where n has none.
func (n Needs) Known(region, account string) Needs {
	n.Region = cmp.Or(n.Region, region)
	n.Account = cmp.Or(n.Account, account)
	return n
}

// unknown stands in an ARN for a region or account that is not known.
const unknown = "*"

// builder collects grants.
type builder struct {
	Needs

	grants []grant
	notes  []string
}

// For is the policy of a role for a job.
func For(n Needs) Policy {
	b := &builder{Needs: n}
	for _, glob := range n.Globs {
		b.Functions = append(slices.Clip(b.Functions), function.ID{Name: glob.IAM()})
	}
	if len(n.Globs) > 0 { // IAM knows no resource for it
		b.allow("FindFunctions", "*", "lambda:ListFunctions")
	}
	for _, fn := range b.Functions {
		f := onFunction{b, fn, b.arn(fn)}
		switch n.Operation {
		case "release":
			f.release()
		case "promote":
			f.promote()
		case "rollback":
			f.rollback()
		case "prune":
			f.prune()
		case "delete-alias":
			f.deleteAlias()
		case "status":
			f.status()
		case "lock", "unlock":
			f.mark()
		}
	}
	if n.Operation == "status" {
		b.readOfAll()
	}
	if n.Operation == "release" || n.Operation == "promote" {
		b.health()
		b.hooks()
		b.callers()
		b.stages()
		b.deploy()
	}
	switch n.Operation {
	case "rollback":
		b.stopDeployment()
	case "lock":
		b.readDeployment()
	}
	b.explain()
	return Policy{grants: b.grants, Notes: b.notes}
}

func (b *builder) allow(sid, resource string, actions ...string) {
	for _, action := range actions {
		b.grants = append(b.grants, grant{sid: sid, action: action, resource: resource})
	}
}

func (b *builder) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// arn is the ARN of a function.
func (b *builder) arn(fn function.ID) string {
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", cmp.Or(fn.Partition, b.partition()),
		cmp.Or(fn.Region, b.Region, unknown), cmp.Or(fn.Account, b.Account, unknown), fn.Name)
}

func (b *builder) partition() string {
	return cmp.Or(b.Partition, function.PartitionOf(b.Region))
}

// onFunction collects the grants for one function. Lambda matches the ARN with the
// qualifier of the call if it has one, and neither form covers the other. For calls
// that have the alias in a field of its own AWS documents neither, so they are
// allowed on both.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
type onFunction struct {
	*builder

	fn  function.ID
	arn string
}

func (f onFunction) onItself(actions ...string)   { f.allow("Function", f.arn, actions...) }
func (f onFunction) onVersions(actions ...string) { f.allow("Versions", f.arn+":*", actions...) }

func (f onFunction) onBoth(actions ...string) {
	f.onItself(actions...)
	f.onVersions(actions...)
}

func (f onFunction) release() {
	f.onBoth("lambda:GetAlias", "lambda:GetFunction")
	f.code()
	f.configuration()
	f.create()
	if !f.DryRun {
		if f.Publishes {
			f.onItself("lambda:PublishVersion")
			f.remake()
		}
		f.move()
	}
	if f.Prune {
		f.prune()
	}
}

func (f onFunction) promote() {
	f.onItself("lambda:ListAliases")
	if f.ByNumber { // a missing one: the error lists those there are
		f.onItself("lambda:ListVersionsByFunction")
	}
	f.onVersions("lambda:GetFunction")
	if !f.DryRun {
		f.onBoth("lambda:GetAlias")
		f.move()
	}
}

func (f onFunction) rollback() {
	f.onItself("lambda:ListAliases", "lambda:ListVersionsByFunction")
	f.onVersions("lambda:GetFunction")
	if !f.DryRun {
		f.onBoth("lambda:GetAlias", "lambda:UpdateAlias")
		f.provisioned()
	}
}

// prune never allows deleting the function: that is DeleteFunction without a
// version.
func (f onFunction) prune() {
	f.onItself("lambda:ListAliases", "lambda:ListVersionsByFunction", "lambda:ListProvisionedConcurrencyConfigs", "lambda:ListFunctionEventInvokeConfigs")
	f.onVersions("lambda:GetPolicy")
	f.allow("EventSourceMappings", "*", "lambda:ListEventSourceMappings") // IAM knows no resource for it
	f.allow(optional+"DurableExecutions", f.arn+":*", "lambda:ListDurableExecutionsByFunction")
	if !f.DryRun {
		f.onVersions("lambda:DeleteFunction", "lambda:GetFunction") // to see whether a delete without an answer was carried out
	}
}

func (f onFunction) deleteAlias() {
	f.onBoth("lambda:GetAlias")
	f.onVersions("lambda:GetFunction", "lambda:GetFunctionUrlConfig", "lambda:GetPolicy")
	f.onItself("lambda:ListFunctionEventInvokeConfigs", "lambda:ListProvisionedConcurrencyConfigs")
	f.allow("Mappings", "*", "lambda:ListEventSourceMappings") // which cannot be limited to a resource
	if !f.DryRun {
		f.onBoth("lambda:DeleteAlias")
		f.onVersions("lambda:DeleteFunctionUrlConfig", "lambda:DeleteFunctionEventInvokeConfig", "lambda:DeleteProvisionedConcurrencyConfig", "lambda:RemovePermission")
	}
}

// status needs aliases and versions. Without the rest, less is shown.
func (f onFunction) status() {
	f.onItself("lambda:ListAliases", "lambda:ListVersionsByFunction")
	f.allow(optional+"Details", f.arn, "lambda:GetFunction", "lambda:ListFunctionEventInvokeConfigs", "lambda:ListFunctionUrlConfigs",
		"lambda:ListProvisionedConcurrencyConfigs")
}

// readOfAll allows what a status reads beside the functions. IAM knows no resource for
// event source mappings, and the group of a deployment is not known.
func (b *builder) readOfAll() {
	b.allow(optional+"EventSources", "*", "lambda:ListEventSourceMappings")
	b.allow(optional+"Deployments", b.codeDeployARN("deploymentgroup", "*"), "codedeploy:GetDeployment")
}

// mark allows writing the mark of an alias.
func (f onFunction) mark() {
	f.onItself("lambda:ListAliases")
	if !f.DryRun {
		f.onBoth("lambda:GetAlias", "lambda:UpdateAlias")
	}
}

// move allows what happens from the smoke test on, with the undo of it.
func (f onFunction) move() {
	f.onBoth("lambda:CreateAlias", "lambda:UpdateAlias")
	if len(f.Functions) > 1 || f.Provisioned || f.BakeTime || f.PostHook { // what fails after the alias was created deletes it again
		f.onBoth("lambda:DeleteAlias")
	}
	if slices.Contains(f.SmokeTest, f.fn.Name) {
		f.onVersions("lambda:InvokeFunction")
	}
	f.provisioned()
}

func (f onFunction) provisioned() {
	if f.Provisioned {
		f.onVersions("lambda:GetProvisionedConcurrencyConfig")
	}
}

// code allows the upload. Of an object in S3, or an image by its tag, only AWS
// knows the hash: a dry run asks with UpdateFunctionCode's own DryRun.
func (f onFunction) code() {
	source, given := f.Code[f.fn.Name]
	if !given {
		return
	}
	restored := f.Bucket != "" && source.Kind == artifact.S3 // by way of it former code over 50 MB
	if f.staged(source) || restored {
		f.stage()
	}
	if f.DryRun && !source.HashOnlyAtAWS() {
		return
	}
	f.onItself("lambda:UpdateFunctionCode")
	switch source.Kind {
	case artifact.S3:
		read := f.objectOf(f.fn, source)
		f.allow("Package", read.Resource, read.Action)
	case artifact.Image:
		f.note("Lambda reads the image %s by the policy of its repository in ECR, not by that of the role: see docs/iam.md.", source.ImageURI)
	case artifact.Zip, artifact.Folder: // sent along with the call
	}
}

// staged reports whether a package goes to S3 if it is large.
func (n Needs) staged(source artifact.Source) bool {
	return n.Bucket != "" && (source.Kind == artifact.Zip || source.Kind == artifact.Folder)
}

// stage allows staging a package, which is then read by Lambda on behalf of the role.
// Without permission for the bucket, S3 does not say whether an object exists.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
func (f onFunction) stage() {
	objects := f.packages(f.fn)
	bucket, _, _ := strings.Cut(objects, "/")
	f.allow("Bucket", bucket, "s3:ListBucket")
	f.allow("Package", objects, "s3:GetObject")
	if !f.DryRun {
		f.allow("Package", objects, "s3:PutObject", "s3:AbortMultipartUpload")
		f.allow(optional+"PackageVersion", objects, "s3:GetObjectVersion")
	}
}

// packages are the objects that the packages of a function are staged as.
func (b *builder) packages(fn function.ID) string {
	return fmt.Sprintf("arn:%s:s3:::%s/%s/*", cmp.Or(fn.Partition, b.partition()), b.Bucket, literal(b.Prefix))
}

// objectOf is the read of the code of a function in S3.
func (b *builder) objectOf(fn function.ID, source artifact.Source) Call {
	read := "s3:GetObject"
	if source.ObjectVersion != "" {
		read = "s3:GetObjectVersion"
	}
	return Call{read, fmt.Sprintf("arn:%s:s3:::%s/%s", cmp.Or(fn.Partition, b.partition()), source.Bucket, literal(source.Key))}
}

// Object is the read of the code of the function with this name, if that is in S3.
func (n Needs) Object(name string) (Call, bool) {
	b := &builder{Needs: n}
	for _, fn := range n.Functions {
		source, given := n.Code[name]
		switch {
		case !given || fn.Name != name:
		case n.staged(source):
			return Call{"s3:GetObject", b.packages(fn)}, true
		case source.Kind == artifact.S3:
			return b.objectOf(fn, source), true
		}
	}
	return Call{}, false
}

// remake allows the write of $LATEST by which a version that has failed is made
// anew. An upload is such a write, too.
func (f onFunction) remake() {
	_, uploads := f.Code[f.fn.Name]
	_, configures := f.Configuration[f.fn.Name]
	if !uploads && !configures {
		f.allow(optional+"FailedVersions", f.arn, "lambda:UpdateFunctionConfiguration")
	}
}

// health allows reading alarms and metrics, which have no ARN that would do: AWS
// returns composite alarms only to callers with permission for all alarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func (b *builder) health() {
	if b.Alarms {
		b.allow("Health", "*", "cloudwatch:DescribeAlarms")
	}
	if b.Metrics {
		b.allow("Health", "*", "cloudwatch:GetMetricData")
	}
	if b.Comparison && !b.DryRun {
		b.allow(optional+"Comparison", "*", "cloudwatch:GetMetricData")
	}
}

// hooks allows invoking the hooks. A dry run asks by an invocation that does not run
// them.
func (b *builder) hooks() {
	for _, h := range b.Hooks {
		arn := b.arn(h.Function)
		if h.Qualifier != "" {
			arn += ":" + h.Qualifier
		}
		b.allow("Hooks", arn, "lambda:InvokeFunction")
	}
}

// stages allows binding the stages of API Gateway.
func (b *builder) stages() {
	for _, fn := range b.Functions {
		if len(b.Stages[fn.Name]) == 0 {
			continue
		}
		for _, arn := range b.Stages[fn.Name] {
			b.allow("Stages", arn, "apigateway:GET")
			if !b.DryRun {
				b.allow("Stages", arn, "apigateway:PATCH")
			}
		}
		versions := b.arn(fn) + ":*"
		b.allow("Versions", versions, "lambda:GetPolicy")
		if b.DryRun {
			continue
		}
		for _, action := range []string{"lambda:AddPermission", "lambda:RemovePermission"} {
			b.grants = append(b.grants, grant{"Permissions", action, versions, condition{principalKey, "apigateway.amazonaws.com"}})
		}
	}
}

// deploy allows a deployment of CodeDeploy. AWS asks for the actions on the
// application and the configuration within CreateDeployment; those of the last two
// statements cannot be limited to a resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html
func (b *builder) deploy() {
	if b.CodeDeploy == nil {
		return
	}
	d := *b.CodeDeploy
	group := b.codeDeployARN("deploymentgroup", d.Application+"/"+d.Group)
	b.allow("DeploymentGroup", group, "codedeploy:GetDeployment")
	if b.DryRun {
		return
	}
	b.allow("DeploymentGroup", group, "codedeploy:CreateDeployment", "codedeploy:ListDeployments")
	b.allow("Application", b.codeDeployARN("application", d.Application), "codedeploy:GetApplicationRevision", "codedeploy:RegisterApplicationRevision")
	b.allow("DeploymentConfig", b.codeDeployARN("deploymentconfig", cmp.Or(d.Config, "*")), "codedeploy:GetDeploymentConfig")
	b.allow("StopDeployment", "*", "codedeploy:StopDeployment")
	b.deploymentTargets()
}

// stopDeployment allows a rollback to stop the deployment that shifts the traffic.
// Which group that is of, its inputs need not say.
func (b *builder) stopDeployment() {
	stop, group := optional+"StopDeployment", "*"
	if b.CodeDeploy != nil {
		stop, group = "StopDeployment", b.CodeDeploy.Application+"/"+b.CodeDeploy.Group
	}
	b.allow(stop, b.codeDeployARN("deploymentgroup", group), "codedeploy:GetDeployment")
	if !b.DryRun {
		b.allow(stop, "*", "codedeploy:StopDeployment")
		b.deploymentTargets()
	}
}

// readDeployment allows finding out what became of a deployment that the history of
// an alias names.
func (b *builder) readDeployment() {
	sid, group := optional+"Deployment", "*"
	if b.CodeDeploy != nil {
		sid, group = "DeploymentGroup", b.CodeDeploy.Application+"/"+b.CodeDeploy.Group
	}
	b.allow(sid, b.codeDeployARN("deploymentgroup", group), "codedeploy:GetDeployment")
}

func (b *builder) deploymentTargets() {
	b.allow(optional+"DeploymentTargets", "*", "codedeploy:BatchGetDeploymentTargets", "codedeploy:ListDeploymentTargets")
}

// codeDeployARN is an ARN of CodeDeploy where the functions are.
func (b *builder) codeDeployARN(kind, name string) string {
	fn := b.Functions[0]
	return fmt.Sprintf("arn:%s:codedeploy:%s:%s:%s:%s", cmp.Or(fn.Partition, b.partition()),
		cmp.Or(fn.Region, b.Region, unknown), cmp.Or(fn.Account, b.Account, unknown), kind, name)
}

// explanations of the optional statements, by Sid.
var explanations = []struct{ sid, text string }{
	{informing, "is only needed to show, when an alias is created, what callers lose beside the function: settings, permissions, mappings, provisioned concurrency and the URL."},
	{optional + "FailedVersions", "is only needed to publish again after a version has failed: AWS gives that version back until the function is written. Its description is written as it is."},
	{optional + "PackageVersion", "is only needed if the bucket keeps versions."},
	{optional + "DurableExecutions", "is only needed to prune durable functions: an execution that has not ended needs its version."},
	{optional + "Comparison", "is only needed to compare the errors of the new version with those of the one that it replaces."},
	{optional + "StopDeployment", "is only needed if CodeDeploy shifts the traffic of the alias: a rollback stops the deployment first."},
	{optional + "Details", "is only needed to show $LATEST, function URLs, async settings and provisioned concurrency."},
	{optional + "EventSources", "is only needed to show event source mappings."},
	{optional + "Deployments", "is only needed to show the state of CodeDeploy deployments."},
	{optional + "Deployment", "is only needed if CodeDeploy shifts the traffic of the alias: it is not locked meanwhile."},
	{optional + "DeploymentTargets", "is only needed for the steps of a CodeDeploy deployment in the log."},
}

// explain adds the notes on what is not known, and on optional statements.
func (b *builder) explain() {
	var accounts, regions []string
	for _, fn := range b.Functions {
		if fn.Account == "" && b.Account == "" {
			accounts = append(accounts, fn.Name)
		}
		if fn.Region == "" && b.Region == "" {
			regions = append(regions, fn.Name)
		}
	}
	if len(accounts) > 0 {
		b.note("The account of %s is not known: replace the * after the region in the ARNs by its ID, or give the ARN of the function or the input role-to-assume.", strings.Join(accounts, ", "))
	}
	if len(regions) > 0 {
		b.note("The region of %s is not known: replace the * before the account in the ARNs by it, or set the input aws-region or AWS_REGION.", strings.Join(regions, ", "))
	}
	for _, e := range explanations {
		if slices.ContainsFunc(b.grants, func(g grant) bool { return g.sid == e.sid }) {
			b.note("%s %s", e.sid, e.text)
		}
	}
}

// literal is a text with what IAM would read as a wildcard or a variable escaped.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
func literal(text string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(text)
}
