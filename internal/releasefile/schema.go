package releasefile

import (
	"regexp"

	"lambda-release/internal/configuration"
	"lambda-release/internal/document"
	"lambda-release/internal/function"
)

// The keys of a function that are merged by their own keys with those in defaults.
const (
	Configuration = "configuration"
	Environment   = "environment"
	Tags          = "tags"
)

// Schema is what the file may be. docs/lambda-release.schema.json says the same to
// editors, which a test compares.
func Schema() document.Schema {
	own := ofFunction(document.WrittenNull)
	own.Nulls = document.AnyNull
	own.Doc = "The name of a function, its partial ARN or ARN. Without keys of its own, it has those in defaults."
	defaults := ofFunction(document.NoNull)
	defaults.Doc = "What all functions have that do not give the key themselves. configuration, environment and tags are merged by their keys."
	return document.Schema{
		Type: document.ObjectType,
		Doc:  "The release file of lambda-release. ${NAME} and ${NAME:-DEFAULT} in values are replaced by variables of the job's environment, $$ by a dollar. Paths are relative to the file.",
		Fields: []document.Field{
			{Name: "strategy", Schema: document.Schema{Doc: "How traffic moves to the new versions: AllAtOnce, or for example Canary10Percent5Minutes or Linear10PercentEvery1Minute."}},
			{Name: "bake-time", Schema: document.Schema{Doc: "How long the new versions are monitored when they have all the traffic, for example 5m."}},
			{Name: "analysis", Schema: texts("Checks of the new versions' metrics, such as errors, duration p99 or errors < 1%; or none.")},
			{Name: "keep-versions", Schema: document.Schema{Type: document.WholeType, Least: 3, Doc: "How many of the newest versions to keep; older ones that are not in use are deleted after a release."}},
			{Name: "defaults", Schema: defaults},
			{Name: "functions", Required: true, Schema: document.Schema{
				Type: document.MapType, Element: &own, Doc: "The functions to release, all or nothing.",
				Keys: document.KeyRule{
					Of: "functions, NAME: and their keys", Pattern: functionKey, Wrong: "not the name or ARN of a function",
					Allowed: "write a name, a partial ARN (123456789012:function:NAME) or an ARN, without a version or an alias; variables are replaced in values only",
				},
			}},
		},
	}
}

var (
	tagKey = regexp.MustCompile(`^.{1,128}$`)
	alias  = regexp.MustCompile(`^[0-9]*[a-zA-Z_-][a-zA-Z0-9_-]*$`)
)

// functionKey matches what function.Parse takes.
var functionKey = regexp.MustCompile(`^(arn:` + function.PartitionPattern + `:lambda:` + function.RegionPattern + `:` + function.AccountPattern + `:function:|` +
	function.AccountPattern + `:function:)?[a-zA-Z0-9_-]{1,64}$`)

// ofFunction is a function, or the defaults. none is whether null may say that a
// function does not have what the defaults have.
func ofFunction(none document.Nulls) document.Schema {
	settings := configuration.Schema()
	settings.Doc = "Settings to apply before publishing, with the keys of UpdateFunctionConfiguration. Only what is given is managed."
	return document.Schema{
		Type: document.ObjectType, Empty: true,
		Fields: []document.Field{
			{Name: "code", Schema: document.Schema{Doc: "The code to upload before publishing: a .zip, a folder, s3://BUCKET/KEY or the URI of an image in ECR."}},
			{Name: Configuration, Schema: settings},
			{Name: Environment, Schema: environment()},
			{Name: "create", Schema: document.Schema{Type: document.BooleanType, Doc: "Whether a function that does not exist is created from code and configuration."}},
			{Name: Tags, Schema: document.Schema{
				Type: document.MapType, Empty: true, Element: &document.Schema{Type: document.AsWritten}, Doc: "Tags that a function gets when it is created.",
				Keys: document.KeyRule{
					Of: "tags, KEY: VALUE", Pattern: tagKey, Wrong: "not the key of a tag", Allowed: "a key has 1 to 128 characters",
				},
			}},
			{Name: "smoke-tests", Schema: document.Schema{
				Type: document.ListType, Doc: "Invocations of a new version before any alias moves to it. Each must succeed.",
				Element: &document.Schema{Type: document.ObjectType, Fields: []document.Field{
					{Name: "name", Schema: document.Schema{Doc: "Names the case in logs and errors."}},
					{Name: "payload", Required: true, Schema: document.Schema{Type: document.Anything, Doc: "The payload, any JSON; @FILE reads it from a file."}},
					{Name: "expect", Schema: document.Schema{Doc: "A jq expression on the response that must evaluate to true, for example .statusCode == 200."}},
				}},
			}},
			{Name: "pre-traffic-hook", Schema: document.Schema{Nulls: none, Doc: "A Lambda function that judges a new version before any alias moves to it."}},
			{Name: "post-traffic-hook", Schema: document.Schema{Nulls: none, Doc: "The same when the version has all the traffic, and after bake-time."}},
			{Name: "alarms", Schema: texts("CloudWatch alarms that roll the release back.")},
			{Name: "function-url", Schema: functionURL(none)},
			{Name: "api-gateway-stages", Schema: document.Schema{
				Type: document.MapType, Empty: true, Doc: "API Gateway stages to bind, by alias.",
				Element: new(texts("The ARN of a stage, or several.")),
				Keys: document.KeyRule{
					Of: "aliases, ALIAS: STAGE-ARN", Pattern: alias, Wrong: "not an alias",
					Allowed: "an alias has a-z, A-Z, 0-9, - and _, and not only digits",
				},
			}},
		},
	}
}

// texts is a list of texts, or one.
func texts(doc string) document.Schema {
	s := list(doc)
	s.Instead = &document.Schema{}
	return s
}

func list(doc string) document.Schema {
	return document.Schema{Type: document.ListType, Element: &document.Schema{}, Doc: doc}
}

func environment() document.Schema {
	s := configuration.VariablesSchema()
	s.Element = &document.Schema{Type: document.AsWritten, Nulls: document.WrittenNull}
	s.Doc = "Environment variables to set, as texts as they are written. null deletes one. Variables that are not named stay as they are."
	return s
}

func functionURL(none document.Nulls) document.Schema {
	who := document.Schema{OneOf: []string{"iam", "public"}, Doc: "Whom the URL answers: callers that IAM allows, or everyone."}
	return document.Schema{
		Type: document.ObjectType, Instead: &who, Nulls: none, Doc: "Gives the alias its own function URL: iam or public, or an object with CORS.",
		Fields: []document.Field{
			{Name: "auth", Required: true, Schema: who},
			{Name: "cors", Schema: document.Schema{
				Type: document.ObjectType, Empty: true, Doc: "Which websites may call the URL from a browser, with the keys of AWS's Cors; {} is none.",
				Fields: []document.Field{
					{Name: "AllowOrigins", Schema: list("For example https://shop.example.com; * for all.")},
					{Name: "AllowMethods", Schema: list("GET, PUT, HEAD, POST, PATCH, DELETE or *.")},
					{Name: "AllowHeaders", Schema: list("Headers of requests.")},
					{Name: "ExposeHeaders", Schema: list("Headers of responses that the website may read.")},
					{Name: "MaxAge", Schema: document.Schema{Type: document.WholeType, Most: 86400, Doc: "For how many seconds a browser may keep this."}},
					{Name: "AllowCredentials", Schema: document.Schema{Type: document.BooleanType, Doc: "Whether cookies and the like are sent."}},
				},
			}},
		},
	}
}
