package input

import "lambda-release/internal/rules"

// spec is one input.
type spec struct {
	name     string
	group    string // the heading it stands under in --help
	kind     kind
	hint     string // what --help shows for the value
	def      string // "" for none
	required bool
	doc      string // what it means: --help and action.yml
	allowed  string // what is allowed, for a Problem that does not say it better

	// parse reads a trimmed value that is not empty. The table's order is the
	// order of parsing: a parse function may look at what is above it.
	parse func(in *Input, value string) Problems
}

// kind is how an input is given as a flag.
type kind uint8

const (
	text   kind = iota // --name VALUE; the last one counts
	list               // --name VALUE, again and again: an entry each
	toggle             // --name, or --name=false
)

// The headings of --help.
const (
	groupWhat    = "What to release"
	groupWhere   = "Which alias to release to"
	groupSmoke   = "Smoke test"
	groupShift   = "How the traffic goes over"
	groupGateway = "API Gateway"
	groupTexts   = "What the descriptions say"
	groupGuards  = "Guards"
	groupAWS     = "AWS"
)

var table = []spec{
	{
		name: "function-name", group: groupWhat, kind: list, hint: "NAME", required: true,
		doc: "The function to release, or several, one a line or separated by commas: name, partial ARN " +
			"(`123456789012:function:orders`) or ARN, without a version or an alias behind it. " +
			"Several are released all or nothing.",
		allowed: "name a function by its name, partial ARN (123456789012:function:NAME) or ARN; several one a line or separated by commas",
		parse:   parseFunctions,
	},
	{
		name: "operation", group: groupWhat, hint: "WHAT", def: "release",
		doc: "What to do: `release` publishes a version and moves the alias to it; `promote` moves the alias to a version " +
			"that exists; `rollback` moves it back to where it was before; `prune` deletes old versions; `delete-alias` " +
			"deletes the preview alias of a pull request.",
		allowed: "allowed are release, promote, rollback, prune and delete-alias",
		parse: func(in *Input, value string) Problems {
			return oneOf(&in.Operation, value, Release, Promote, Rollback, Prune, DeleteAlias)
		},
	},
	{
		name: "code", group: groupWhat, kind: list, hint: "CODE",
		doc: "Uploads this code before it is published: a `.zip`, a folder (zipped reproducibly), `s3://BUCKET/KEY` or " +
			"`s3://BUCKET/KEY#VERSION`, or the URI of an image in ECR. Code that is there already is not uploaded again, and " +
			"what is published is what was uploaded. For several functions `NAME=CODE` a line. Of `release`.",
		allowed: "allowed is a .zip, a folder, s3://BUCKET/KEY[#VERSION] or an ECR image URI with a tag or digest; several functions: NAME=CODE a line",
		parse:   parseCode,
	},
	{
		name: "version", group: groupWhat, hint: "VERSION",
		doc: "`promote`: the version to move the alias to, a number, or another alias (`dev`) whose version is taken. " +
			"`rollback`: the number to go back to; empty, it is the alias's own previous version.",
		allowed: "allowed is a version number; to promote, also the name of an alias",
		parse:   parseVersion,
	},
	{
		name: "keep-versions", group: groupWhat, hint: "NUMBER",
		doc: "Deletes old versions after a release, or with `prune` alone, and keeps so many of the newest, 3 at least. " +
			"Never deleted is what an alias points to, weighs or remembers in its history. What is bound to a bare " +
			"version number, an event source mapping for example, is not seen. Empty: nothing is deleted.",
		allowed: "allowed is a whole number from 3",
		parse:   parseKeepVersions,
	},
	{
		name: "aliases", group: groupWhere, kind: list, hint: "RULE", def: rules.Default,
		doc: "Which alias a branch, tag or pull request is released to: one rule a line, `PATTERN=ALIAS`; the first " +
			"that matches wins. A bare pattern matches branches, `tag:v*` tags, `pull_request` pull requests; `*` " +
			"matches within one part of a path, `**` across. `{branch}`, `{tag}` and `{number}` in the alias stand for " +
			"the name of what matched, made legal. `ALIAS@$LATEST` makes the alias follow the unpublished code. `#` " +
			"begins a comment. A merged pull request counts as its base branch; the branches of a merge queue never match.",
		parse: parseRules,
	},
	{
		name: "alias", group: groupWhere, hint: "ALIAS",
		doc:     "Names the alias outright: no rule is asked.",
		allowed: "an alias is 1 to 128 of a-z, A-Z, 0-9, - and _, and not digits only",
		parse:   parseAlias,
	},
	{
		name: "ref", group: groupWhere, hint: "REF",
		doc: "Overrides what triggered the job: `refs/heads/NAME`, `refs/tags/NAME`, `refs/pull/NUMBER/merge` or the " +
			"name of a branch. Empty: what the event says. Needed for events that are about no branch or tag, and " +
			"after a `workflow_run` of a pushed tag, which looks like a branch there.",
		allowed: "allowed are refs/heads/NAME, refs/tags/NAME, refs/pull/NUMBER/merge or the name of a branch",
		parse:   parseRef,
	},
	{
		name: "if-no-match", group: groupWhere, hint: "HOW", def: "warn",
		doc: "What to do when no rule matches, and so nothing is changed: `warn` succeeds with a warning, `ignore` " +
			"succeeds, `error` fails.",
		allowed: "allowed are warn, ignore and error",
		parse: func(in *Input, value string) Problems {
			return oneOf(&in.IfNoMatch, value, "warn", "ignore", "error")
		},
	},
	{
		name: "smoke-test", group: groupSmoke, kind: list, hint: "JSON",
		doc: "A JSON payload with which the version is invoked before any alias is moved to it; the function must not " +
			"fail. `@FILE` takes it from a file. For several functions one payload for all, or `NAME=JSON` a line. Of " +
			"`release` and `promote`.",
		allowed: "allowed is JSON, @FILE, or NAME=JSON or NAME=@FILE a line",
		parse:   parseSmokeTest,
	},
	{
		name: "smoke-test-expect", group: groupSmoke, hint: "JQ",
		doc:     "A jq expression over the answer to the smoke test, which must give `true`: `.statusCode == 200`.",
		allowed: "allowed is a jq expression that gives true, for example .statusCode == 200",
		parse:   parseExpect,
	},
	{
		name: "strategy", group: groupShift, hint: "STRATEGY",
		doc: "How the traffic goes over to the version: `AllAtOnce` (the default), `Canary10Percent5Minutes`, " +
			"`Linear10PercentEvery1Minute`, with any whole percent and any number of Seconds, Minutes or Hours. Of " +
			"`release` and `promote`; a rollback is all at once.",
		allowed: "allowed are AllAtOnce, Canary10Percent5Minutes and Linear10PercentEvery1Minute, with any percent from 1 to 99 and Seconds, Minutes or Hours",
		parse:   parseStrategy,
	},
	{
		name: "bake-time", group: groupShift, hint: "DURATION",
		doc:     "How long the version is watched when it has all the traffic: `5m`, at most `24h`. Empty: not at all.",
		allowed: "allowed is a number with a unit, such as 90s, 10m or 1h30m, more than 0 and at most 24h",
		parse: func(in *Input, value string) Problems {
			return parseDuration(&in.BakeTime, value)
		},
	},
	{
		name: "alarms", group: groupShift, kind: list, hint: "NAME",
		doc: "CloudWatch alarms, metric or composite, one a line: when one goes to ALARM during the shift or the bake " +
			"time, everything goes back. One that is in ALARM already counts when it has been OK.",
		allowed: "name an alarm a line, each once",
		parse:   parseAlarms,
	},
	{
		name: "max-error-rate", group: groupShift, hint: "PERCENT",
		doc: "The new version's own error rate, as CloudWatch counts it behind the alias, above which everything goes " +
			"back: `1%`. The numbers come by the minute and late, so steps and bake time must be 2 minutes at least.",
		allowed: "allowed is a percentage above 0 and below 100, for example 1% or 0.5%",
		parse:   parseErrorRate,
	},
	{
		name: "min-invocations", group: groupShift, hint: "NUMBER", def: "20",
		doc:     "How many invocations of the new version there must be before its error rate says anything.",
		allowed: "allowed is a whole number from 1",
		parse:   parseMinInvocations,
	},
	{
		name: "codedeploy", group: groupShift, hint: "APPLICATION/GROUP",
		doc: "AWS CodeDeploy holds the shift instead of the runner, with this application and deployment group. Its " +
			"configuration is the `strategy` if that is one of CodeDeploy's own, else the group's; alarms are the group's.",
		allowed: "allowed is APPLICATION/DEPLOYMENT-GROUP",
		parse:   parseCodeDeploy,
	},
	{
		name: "codedeploy-wait", group: groupShift, kind: toggle, def: "true",
		doc:     "`true` follows the deployment to its end; `false` returns when it has been created, with status `started`.",
		allowed: "allowed are true and false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.CodeDeployWait, value)
		},
	},
	{
		name: "wait-for-provisioned-concurrency", group: groupShift, kind: toggle, def: "false",
		doc:     "`true` waits after the move until the alias's provisioned concurrency is ready, and puts the alias back if AWS cannot allocate it.",
		allowed: "allowed are true and false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.WaitForProvisioned, value)
		},
	},
	{
		name: "api-gateway-stages", group: groupGateway, kind: list, hint: "ALIAS=ARN",
		doc: "API Gateway stages that are bound to an alias, `ALIAS=STAGE-ARN` a line, REST (`/restapis/`) or HTTP " +
			"(`/apis/`): after the release the alias has its own permission for the stage, and the stage's variable is the " +
			"alias's name. Only the lines of the alias that is released count.",
		allowed: "write ALIAS=STAGE-ARN, for example prod=arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod",
		parse:   parseStages,
	},
	{
		name: "stage-variable", group: groupGateway, hint: "NAME", def: "lambdaAlias",
		doc:     "The stage variable that holds the alias's name: the integration's URI ends in `${stageVariables.lambdaAlias}`.",
		allowed: "allowed are 1 to 64 of a-z, A-Z, 0-9 and _",
		parse:   parseStageVariable,
	},
	{
		name: "description", group: groupTexts, hint: "TEXT",
		doc: "Text of the version's description, after the commit and the run: at most 256 characters. Line breaks " +
			"become spaces.",
		allowed: "at most 256 characters are allowed",
		parse:   parseDescription,
	},
	{
		name: "alias-description", group: groupTexts, hint: "TEXT",
		doc: "Text of the alias's description: at most 160 characters, and not ending in `]`, since the history that is " +
			"kept behind it, `[12 < 10 | run 4711]`, does. Line breaks become spaces. Empty: the text stays as it is.",
		allowed: "at most 160 characters are allowed, the last not a ]",
		parse:   parseAliasDescription,
	},
	{
		name: "code-sha256", group: groupGuards, kind: list, hint: "SHA256",
		doc: "Publishes only if the unpublished code, `$LATEST`, has this SHA-256: base64, as UpdateFunctionCode returns " +
			"it in `CodeSha256`. So nobody else's upload is released. For several functions `NAME=SHA256` a line; one " +
			"without a line is not guarded.",
		allowed: "allowed is the base64 of a SHA-256 (44 characters), as UpdateFunctionCode returns it in CodeSha256",
		parse:   parseCodeSHA256,
	},
	{
		name: "clear-weights", group: groupGuards, kind: toggle, def: "false",
		doc: "`true` takes over an alias on which someone else, a person or CodeDeploy, has set routing weights, and " +
			"clears them; `false` fails there and says how to look.",
		allowed: "allowed are true and false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.ClearWeights, value)
		},
	},
	{
		name: "dry-run", group: groupGuards, kind: toggle, def: "false",
		doc:     "`true` shows the plan and changes nothing.",
		allowed: "allowed are true and false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.DryRun, value)
		},
	},
	{
		name: "aws-region", group: groupAWS, hint: "REGION",
		doc: "The region of the functions, for example `eu-central-1`. Empty: the one in their ARNs, else the " +
			"environment's (`AWS_REGION`).",
		allowed: "a region looks like eu-central-1",
		parse:   parseRegion,
	},
	{
		name: "role-to-assume", group: groupAWS, hint: "ARN",
		doc: "The IAM role to assume with the job's own OIDC token; the job needs `permissions: id-token: write`. Its session " +
			"is renewed while a shift runs. Empty: the credentials of the environment.",
		allowed: "allowed is the ARN of an IAM role, arn:aws:iam::123456789012:role/NAME",
		parse:   parseRole,
	},
	{
		name: "role-session-name", group: groupAWS, hint: "NAME",
		doc:     "The name of the role's session, as CloudTrail shows it. Empty: `lambda-release-` and the run's id.",
		allowed: "allowed are 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-",
		parse:   parseSessionName,
	},
	{
		name: "role-duration-seconds", group: groupAWS, hint: "SECONDS", def: "3600",
		doc:     "How long a session of the role lasts, at most what the role allows.",
		allowed: "allowed is a whole number from 900 to 43200",
		parse:   parseSessionSeconds,
	},
	{
		name: "timeout", group: groupAWS, hint: "DURATION", def: "10m",
		doc: "How long all waits together may take, the rollout's own time not counted: a number with a unit, such as " +
			"`90s`, `10m` or `1h30m`, at most `24h`. SnapStart may need more than the default.",
		allowed: "allowed is a number with a unit, such as 90s, 10m or 1h30m, more than 0 and at most 24h",
		parse: func(in *Input, value string) Problems {
			return parseDuration(&in.Timeout, value)
		},
	},
}
