package localaws

import (
	"net/http"
	"slices"
	"strings"
)

// Decision is what IAM has decided about one of the actions that a call takes.
type Decision struct {
	Action, Resource string
	Allowed          bool
	Identity         []Grant // of the identity policy, each of which allows it
	Session          []Grant // the same of the session policy
}

// Restrict lets all callers do only what an identity policy allows, and roles that have
// a Policy of their own only what that does.
func (c *Cloud) Restrict(p *IAMPolicy) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.everyone = p
}

// Decisions returns what IAM has decided about the calls of callers that a policy
// restricts, in order of arrival.
func (c *Cloud) Decisions() []Decision {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return slices.Clone(c.store.decisions)
}

// authorize refuses a call that the policies of the caller do not allow. A session may do
// what both its role and its session policy allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (s *store) authorize(in *incoming, op operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	identity, limit := s.policiesOf(in.key)
	if identity == nil && limit == nil {
		return nil
	}
	for _, r := range s.requirements(in, op) {
		if err := s.permit(in, op, identity, limit, r); err != nil {
			return err
		}
	}
	return nil
}

// policiesOf returns the identity policy and the session policy of an access key, nil
// for everything.
func (s *store) policiesOf(key string) (identity, limit *IAMPolicy) {
	session := s.sessions[key]
	if session == nil {
		return s.everyone, nil
	}
	if r := s.roles[session.role]; r != nil && r.Policy != nil {
		return r.Policy, session.policy
	}
	return s.everyone, session.policy
}

// permit decides about one action.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *store) permit(in *incoming, op operation, identity, limit *IAMPolicy, r iamRequest) error {
	byIdentity, bySession := identity.decide(r), limit.decide(r)
	allowed := byIdentity.allows() && bySession.allows()
	s.decisions = append(s.decisions, Decision{r.action, r.resource, allowed, byIdentity.by, bySession.by})
	if allowed {
		return nil
	}
	why := "because no identity-based policy allows the " + r.action + " action"
	switch {
	case byIdentity.denied:
		why = "with an explicit deny in an identity-based policy"
	case bySession.denied:
		why = "with an explicit deny in a session policy"
	case byIdentity.allows():
		why = "because no session policy allows the " + r.action + " action"
	}
	caller, _ := s.callerOf(in)
	return denied(op.service, "User: "+caller+" is not authorized to perform: "+r.action+" on resource: "+r.resource+" "+why)
}

// denied returns the error with which a service refuses a call.
func denied(service, message string) error {
	switch service {
	case "s3", "sts", "cloudwatch":
		return &apiError{http.StatusForbidden, "AccessDenied", message}
	case "codedeploy":
		return bad("AccessDeniedException", "%s", message)
	}
	return &apiError{http.StatusForbidden, "AccessDeniedException", message}
}

// requirements returns what a call must be allowed. The service authorization reference
// has the actions, resources and condition keys; for an operation that names an alias in
// a field of its own it is not clear which ARN counts, so both do.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func (s *store) requirements(in *incoming, op operation) []iamRequest {
	switch op.service {
	case "lambda":
		return s.lambdaRequirements(in, op)
	case "codedeploy":
		return s.codedeployRequirements(in, op)
	case "s3":
		return s3Requirements(in, op)
	case "apigateway", "apigatewayv2":
		return []iamRequest{{action: "apigateway:" + in.Method, resource: "arn:" + partition(in.region) + ":apigateway:" + in.region + "::" + strings.TrimPrefix(in.URL.Path, "/v2")}}
	case "cloudwatch":
		return []iamRequest{{action: "cloudwatch:" + op.name, resource: "*"}}
	}
	return nil // STS decides by itself, and a function URL is not called with these credentials
}

// lambdaAction is the action in IAM of an operation of Lambda.
func lambdaAction(operation string) string {
	if operation == "Invoke" {
		return "lambda:InvokeFunction"
	}
	return "lambda:" + operation
}

func (s *store) lambdaRequirements(in *incoming, op operation) []iamRequest {
	fn := functionARN(in.region, s.account, op.function, "")
	on := iamRequest{action: lambdaAction(op.name), resource: qualified(fn, op.qualifier)}
	body := func(v any) { _ = in.decode(v) } // what cannot be decoded is refused by the operation
	switch op.name {
	case "ListFunctions", "ListEventSourceMappings", "CreateCodeSigningConfig", "CreateEventSourceMapping":
		on.resource = "*"
	case "GetAlias", "CreateAlias", "UpdateAlias", "DeleteAlias":
		return []iamRequest{{action: on.action, resource: fn}, on}
	case "AddPermission":
		var sent struct{ Principal string }
		body(&sent)
		on.context = map[string]string{"lambda:Principal": sent.Principal}
	case "RemovePermission":
		on.context = s.principalRemoved(in, fn, op.qualifier)
	case "UpdateFunctionCode":
		var sent packageInS3
		body(&sent)
		return append([]iamRequest{on}, sent.requirements(in)...)
	case "CreateFunction":
		var sent struct {
			Code packageInS3
			Tags map[string]string
		}
		body(&sent)
		all := append(used(in), on)
		if len(sent.Tags) > 0 {
			all = append(all, iamRequest{action: "lambda:TagResource", resource: fn})
		}
		return append(all, sent.Code.requirements(in)...)
	case "UpdateFunctionConfiguration":
		return append(used(in), on)
	}
	return []iamRequest{on}
}

// packageInS3 is where a function's code is, "" if it is not in S3.
type packageInS3 struct{ S3Bucket, S3Key, S3ObjectVersion string }

func (p packageInS3) requirements(in *incoming) []iamRequest {
	if p.S3Bucket == "" {
		return nil
	}
	read := iamRequest{action: "s3:GetObject", resource: "arn:" + partition(in.region) + ":s3:::" + p.S3Bucket + "/" + p.S3Key}
	if p.S3ObjectVersion != "" {
		read.action = "s3:GetObjectVersion"
	}
	return []iamRequest{read}
}

// principalRemoved is the condition key of the statement that a call removes.
func (s *store) principalRemoved(in *incoming, fn, qualifier string) map[string]string {
	f := s.functions[fn]
	if f == nil || f.policies[qualifier] == nil {
		return nil
	}
	for _, st := range f.policies[qualifier].statements {
		if !strings.HasSuffix(in.URL.Path, "/"+st.Sid) {
			continue
		}
		switch p := st.Principal.(type) {
		case string:
			return map[string]string{"lambda:Principal": p}
		case map[string]string:
			for _, name := range p {
				return map[string]string{"lambda:Principal": name}
			}
		}
	}
	return nil
}

// used is what the caller of an operation that configures a function must be allowed to
// use.
func used(in *incoming) []iamRequest {
	var sent struct {
		Role, KMSKeyArn              string
		Layers                       []string
		VpcConfig, FileSystemConfigs any
	}
	_ = in.decode(&sent)
	var all []iamRequest
	on := func(resource string, actions ...string) {
		for _, action := range actions {
			all = append(all, iamRequest{action: action, resource: resource})
		}
	}
	if sent.Role != "" {
		all = append(all, iamRequest{"iam:PassRole", sent.Role, map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}})
	}
	for _, layer := range sent.Layers {
		on(layer, "lambda:GetLayerVersion")
	}
	if sent.KMSKeyArn != "" {
		on(sent.KMSKeyArn, "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt")
	}
	if sent.VpcConfig != nil {
		on("*", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
	}
	if sent.FileSystemConfigs != nil {
		on("*", "elasticfilesystem:DescribeMountTargets")
	}
	return all
}

// codedeployRequirements are those of CodeDeploy. CreateDeployment takes more than one
// action; those on a deployment go by its group.
func (s *store) codedeployRequirements(in *incoming, op operation) []iamRequest {
	var sent struct {
		ApplicationName, DeploymentGroupName, DeploymentConfigName, DeploymentID string
	}
	_ = in.decodeNamed(&sent)
	arn := func(kind, name string) string {
		return "arn:" + partition(in.region) + ":codedeploy:" + in.region + ":" + s.account + ":" + kind + ":" + name
	}
	on := iamRequest{action: "codedeploy:" + op.name, resource: "*"}
	switch op.name {
	case "GetDeployment":
		for _, d := range s.deployments {
			if d.id == sent.DeploymentID {
				sent.ApplicationName, sent.DeploymentGroupName = d.application, d.groupName
			}
		}
		on.resource = arn("deploymentgroup", sent.ApplicationName+"/"+sent.DeploymentGroupName)
	case "ListDeployments", "CreateDeploymentGroup", "GetDeploymentGroup":
		on.resource = arn("deploymentgroup", sent.ApplicationName+"/"+sent.DeploymentGroupName)
	case "CreateApplication":
		on.resource = arn("application", sent.ApplicationName)
	case "CreateDeploymentConfig", "GetDeploymentConfig":
		on.resource = arn("deploymentconfig", sent.DeploymentConfigName)
	case "CreateDeployment":
		on.resource = arn("deploymentgroup", sent.ApplicationName+"/"+sent.DeploymentGroupName)
		config := sent.DeploymentConfigName
		if app := s.applications[place{in.region, sent.ApplicationName}]; config == "" && app != nil && app.groups[sent.DeploymentGroupName] != nil {
			config = app.groups[sent.DeploymentGroupName].config
		}
		return []iamRequest{
			on,
			{action: "codedeploy:GetDeploymentConfig", resource: arn("deploymentconfig", config)},
			{action: "codedeploy:RegisterApplicationRevision", resource: arn("application", sent.ApplicationName)},
			{action: "codedeploy:GetApplicationRevision", resource: arn("application", sent.ApplicationName)},
		}
	}
	return []iamRequest{on}
}

func s3Requirements(in *incoming, op operation) []iamRequest {
	actions := map[string]string{
		"HeadBucket": "s3:ListBucket", "HeadObject": "s3:GetObject",
		"CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject",
	}
	action, other := actions[op.name]
	if !other {
		action = "s3:" + op.name
	}
	return []iamRequest{{action: action, resource: "arn:" + partition(in.region) + ":s3:::" + op.object}}
}
