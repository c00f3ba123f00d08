package policy

// configuration allows writing the configuration of $LATEST. For some settings, Lambda
// asks whether the caller may use what they name.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func (f onFunction) configuration() {
	given, ok := f.Configuration[f.fn.Name]
	if !ok || f.DryRun {
		return
	}
	f.onItself("lambda:UpdateFunctionConfiguration")
	if role := given.Text("Role"); role != "" {
		// to Lambda, and to no other service:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
		f.grants = append(f.grants, grant{"PassRole", "iam:PassRole", role, condition{passedToKey, "lambda.amazonaws.com"}})
	}
	for _, layer := range given.Texts("Layers") {
		f.allow("Layers", layer, "lambda:GetLayerVersion")
	}
	if given.Has("VpcConfig") { // IAM knows no resource for these
		f.allow("Network", "*", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
	}
	if given.Has("FileSystemConfigs") {
		f.allow("FileSystems", "*", "elasticfilesystem:DescribeMountTargets")
	}
	if key := given.Text("KMSKeyArn"); key != "" {
		f.allow("Key", key, "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt")
	}
}
