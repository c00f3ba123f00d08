package awsapi

import (
	"slices"

	"lambda-release/internal/function"
)

// Action is an operation of an AWS service, and the IAM action that allows it.
type Action struct {
	Service string // as IAM names it: lambda, codedeploy; "" if nothing of AWS was called
	Op      string // the API's name of the operation
	IAM     string // lambda:GetAlias

	qualified bool // IAM checks the ARN of the version or alias
	once      bool // must not be sent again once it may have been carried out
}

func lambdaAction(op string) Action {
	return Action{Service: "lambda", Op: op, IAM: "lambda:" + op, qualified: slices.Contains(qualified, op)}
}

// qualified are the operations for which IAM checks the ARN of the version or alias.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
var qualified = []string{
	"DeleteFunction", "GetProvisionedConcurrencyConfig", "DeleteProvisionedConcurrencyConfig", "GetPolicy", "AddPermission", "RemovePermission",
	"GetFunctionUrlConfig", "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig", "PutFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig",
	"ListDurableExecutionsByFunction",
}

func cloudWatchAction(op string) Action {
	return Action{Service: "cloudwatch", Op: op, IAM: "cloudwatch:" + op}
}

func codeDeployAction(op string) Action {
	return Action{Service: "codedeploy", Op: op, IAM: "codedeploy:" + op}
}

func stsAction(op string) Action { return Action{Service: "sts", Op: op, IAM: "sts:" + op} }

// stageAction is an operation on a stage of API Gateway. IAM goes by the HTTP
// method there.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
func stageAction(op, method string) Action {
	return Action{Service: "apigateway", Op: op, IAM: "apigateway:" + method}
}

var (
	getFunction      = Action{Service: "lambda", Op: "GetFunction", IAM: "lambda:GetFunction", qualified: true}
	invoke           = Action{Service: "lambda", Op: "Invoke", IAM: "lambda:InvokeFunction", qualified: true, once: true}
	deleteFunction   = Action{Service: "lambda", Op: "DeleteFunction", IAM: "lambda:DeleteFunction", qualified: true, once: true}
	createDeployment = Action{Service: "codedeploy", Op: "CreateDeployment", IAM: "codedeploy:CreateDeployment", once: true}
	// IAM knows no resource for lists of the whole account.
	listFunctions           = Action{Service: "lambda", Op: "ListFunctions", IAM: "lambda:ListFunctions"}
	listEventSourceMappings = Action{Service: "lambda", Op: "ListEventSourceMappings", IAM: "lambda:ListEventSourceMappings"}

	assumeRole                = stsAction("AssumeRole")
	assumeRoleWithWebIdentity = stsAction("AssumeRoleWithWebIdentity")
	getCallerIdentity         = stsAction("GetCallerIdentity")

	retrieveCredentials = Action{Op: "RetrieveCredentials"}
)

// target is what a call is about, for its error: a function or a resource.
type target struct {
	Action
	fn        function.ID
	qualifier string // version or alias; "" for the function itself
	resource  string // a deployment group or a deployment; the ARN of a stage or a role
}

// onFunction is a target of Lambda's.
func onFunction(op string, fn function.ID, qualifier string) target {
	return target{Action: lambdaAction(op), fn: fn, qualifier: qualifier}
}
