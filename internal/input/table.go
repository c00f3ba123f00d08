package input

import (
	"lambda-release/internal/release"
	"lambda-release/internal/releasefile"
	"lambda-release/internal/rules"
)

// spec is one input.
type spec struct {
	name    string
	group   string // the heading it stands under in --help-all
	kind    kind
	hint    string   // what --help shows for the value
	def     string   // "" for none
	short   string   // what --help says; "" if only --help-all shows the input
	doc     string   // what it means: --help-all and action.yml
	allowed string   // what is allowed, for a Problem that does not say it better
	words   []string // the values, if it is one of several words

	// parse reads a trimmed value that is not empty. The table's order is the
	// order of parsing: a parse function may look at what is above it.
	parse func(in *Input, value string) Problems

	secret bool // a Problem does not show the value

	// then is done with every value, empty or not.
	then func(r *reader, value string, given bool) Problems

	// file is how the release file gives it; nil: it does not.
	file *fromFile
}

// kind is how an input is given as a flag.
type kind uint8

const (
	text   kind = iota // --name VALUE, once
	list               // --name VALUE, again and again: an entry each
	toggle             // --name, or --name=false
)

// The headings of --help-all.
const (
	groupWhat    = "What to release"
	groupWhere   = "Which alias to release to"
	groupSmoke   = "Smoke test and hooks"
	groupShift   = "Traffic shift"
	groupGateway = "API Gateway"
	groupCallers = "Callers"
	groupTexts   = "Descriptions"
	groupGuards  = "Safety"
	groupAWS     = "AWS"
)

// The words of inputs that take one of several.
var (
	ifNoMatch      = []string{"warn", "ignore", "error"}
	onInconclusive = []string{"continue", "rollback"}
	functionURL    = []string{"iam", "public"}
)

var table = []spec{
	{
		name: "file", group: groupWhat, hint: "FILE",
		short: "the release file, by default lambda-release.yml",
		doc: "The release file, which has the functions and what belongs to each: code, configuration, environment, smoke tests, " +
			"hooks, alarms. If empty, and `function-name` is empty too, it is `lambda-release.yml` (or `.yaml`) in the root of " +
			"the workspace. Inputs and flags win over it.",
		allowed: "must be the path of a release file",
		then:    (*reader).openFile,
	},
	{
		name: "function-name", group: groupWhat, kind: list, hint: "NAME",
		short: "the function, or several separated by commas",
		doc: "The function to release, or several, one per line or separated by commas: name, partial ARN " +
			"(`123456789012:function:orders`) or ARN, without a version or an alias. Several functions are released all " +
			"or nothing. If empty, all functions of the release file. With `file`, names and globs select from that file. " +
			"Otherwise, for `prune`, `lock`, `unlock` and `status`, a name may be a glob, such as `orders-*`, `orders-?` or `orders-[ab]`: it " +
			"stands for all functions of the account and region that it matches, and must match one.",
		allowed: "name a function by its name, partial ARN (123456789012:function:NAME) or ARN, or for prune, lock, unlock and status by a glob (orders-*); several one per line or separated by commas",
		parse:   parseFunctions,
		then:    (*reader).pick,
	},
	{
		name: "operation", group: groupWhat, hint: "WHAT", def: "release",
		short: "release, promote, rollback, lock, status, …",
		doc: "The operation: `release` publishes a version and moves the alias to it; `promote` moves the alias to an " +
			"existing version; `rollback` moves it back to its previous version; `prune` deletes old versions; " +
			"`delete-alias` deletes the preview alias of a pull request; `lock` keeps everything but a rollback from moving " +
			"the alias, until `unlock`; `status` shows all aliases, or the one in `alias`, and which of them were changed " +
			"outside lambda-release.",
		allowed: "must be release, promote, rollback, prune, delete-alias, lock, unlock or status",
		words:   release.Operations(),
		parse:   parseOperation,
	},
	{
		name: "code", group: groupWhat, kind: list, hint: "CODE",
		short: "a .zip, folder, S3 object or ECR image to upload first",
		doc: "The code to upload before publishing: a `.zip`, a folder (zipped reproducibly; `.lambdaignore` names what to " +
			"leave out), a glob that matches one of them, `s3://BUCKET/KEY` or `s3://BUCKET/KEY#VERSION`, or the URI of " +
			"an image in ECR. Code that `$LATEST` already has is not uploaded " +
			"again, and exactly the uploaded code is published. For several functions, `NAME=CODE` per line. Only for " +
			"`release`.",
		allowed: "must be a .zip, a folder, s3://BUCKET/KEY[#VERSION] or an ECR image URI with a tag or digest; for several functions NAME=CODE per line",
		then:    (*reader).parseCode,
		file:    &fromFile{keys: []string{"code"}, operations: toRelease, read: readCode},
	},
	{
		name: "s3-bucket", group: groupWhat, hint: "BUCKET",
		doc: "A bucket in the region of the functions, in which a package over 50 MB is staged for Lambda to fetch. Smaller ones " +
			"are sent to Lambda. A package that is in the bucket already is not sent again, and none is deleted: let a lifecycle " +
			"rule do that. If empty, a package over 50 MB is refused. Only for `release` with `code`.",
		allowed: "must be the name of a bucket, for example example-builds",
		parse:   parseS3Bucket,
	},
	{
		name: "s3-prefix", group: groupWhat, hint: "PREFIX",
		doc:     "What the keys in `s3-bucket` begin with, before a slash. If empty, `lambda-release`.",
		allowed: "must be letters, digits and !-_.'()=@+,: with single slashes between, at most 512 characters",
		parse:   parseS3Prefix,
	},
	{
		name: "configuration", group: groupWhat, hint: "FILE",
		short: "a JSON or YAML file with settings to apply first",
		doc: "A JSON or YAML file in the shape of `aws lambda update-function-configuration --cli-input-json`: `MemorySize`, `Timeout`, " +
			"`Environment`, `Layers` and so on. It is applied to `$LATEST` before publishing. Only what the file gives is managed, and only " +
			"what differs is written; `Environment.Variables` replaces all variables. If something else writes `$LATEST` between the first read and the " +
			"publish, the release fails, and publishes nothing. For one function. Only for `release`.",
		allowed: "must be the path of a JSON or YAML file",
		parse:   parseConfiguration,
		file:    &fromFile{keys: []string{releasefile.Configuration, releasefile.Environment}, operations: toRelease, read: readConfiguration},
	},
	{
		name: "create", group: groupWhat, kind: toggle, def: "false",
		short: "creates a function that does not exist",
		doc: "`true` creates a function that does not exist, from `code` and `configuration`, which must then have `Role` and, unless " +
			"the code is an image, `Runtime` and `Handler`. If the release fails before an alias exists, the function is deleted again. " +
			"A function that exists is configured and released as always. Only for `release`.",
		allowed: "must be true or false",
		parse:   parseCreate,
		file:    &fromFile{keys: []string{"create", releasefile.Architecture, releasefile.Tags}, operations: toRelease, read: readCreate},
	},
	{
		name: "version", group: groupWhat, hint: "VERSION",
		short: "to promote or roll back to: number, commit or alias",
		doc: "For `promote`: the version to move the alias to, as a number, as `commit:1a2b3c4`, or as the name of another " +
			"alias (`dev`) that points to it. For `rollback`: the version to roll back to, as a number or a commit; if " +
			"empty, the previous version in the alias's own history; of several functions, those that the newest run has " +
			"moved are rolled back. A commit, 7 to 40 hex digits of which the first 7 count, is looked up in the " +
			"descriptions of the versions.",
		allowed: "must be a version number, commit: and 7 to 40 hex digits or, for promote, the name of an alias",
		parse:   parseVersion,
	},
	{
		name: "keep-versions", group: groupWhat, hint: "NUMBER",
		doc: "How many of the newest versions to keep, at least 3; older ones are deleted after a release, or with " +
			"`prune` alone. A version is never deleted while an alias points to it, routes traffic to it or has it in its " +
			"history, while an event source mapping, provisioned concurrency, settings for asynchronous invocations, a " +
			"resource policy or an unfinished durable execution refers to it, or if it may have been published within the last " +
			"hour. Callers that invoke a version by its number with permissions of their own are not detected. If empty, " +
			"nothing is deleted, unless `keep-days` is set. `status` shows how many would be.",
		allowed: "must be a whole number, at least 3",
		parse:   parseKeepVersions,
		file:    &fromFile{keys: []string{"keep-versions"}, operations: toPrune},
	},
	{
		name: "keep-days", group: groupWhat, hint: "NUMBER",
		doc: "For how many days to keep versions, 1 to 3650. A version is then deleted only if it is older and not among " +
			"the newest `keep-versions`, which is 3 if empty. AWS does not record when a version was published; it counts as " +
			"published when the next version's code or configuration was written.",
		allowed: "must be a whole number from 1 to 3650",
		parse:   parseKeepDays,
	},
	{
		name: "aliases", group: groupWhere, kind: list, hint: "RULE", def: rules.Default,
		short: "PATTERN=ALIAS, such as main=prod; can be repeated",
		doc: "The rules that map a branch, tag or pull request to an alias: one rule per line, `PATTERN=ALIAS`; the first " +
			"rule that matches applies. A pattern without a prefix matches branches, `tag:v*` matches tags, " +
			"`pull_request` matches pull requests; `*` matches within one path segment, `**` across segments. " +
			"`{branch}`, `{tag}` and `{number}` in the alias stand for the name of what matched; characters that AWS " +
			"does not allow are replaced. `ALIAS@$LATEST` makes the alias follow the unpublished code. `#` begins a " +
			"comment. A merged pull request counts as its base branch; merge queue branches never match.",
		parse: parseRules,
	},
	{
		name: "alias", group: groupWhere, hint: "ALIAS",
		short:   "the alias; the rules are then ignored",
		doc:     "Sets the alias directly; the rules in `aliases` and the event are ignored.",
		allowed: aliasCharacters,
		parse:   parseAlias,
	},
	{
		name: "ref", group: groupWhere, hint: "REF",
		short: "the branch or tag that the rules are matched against",
		doc: "Replaces the ref that triggered the job: `refs/heads/NAME`, `refs/tags/NAME`, `refs/pull/NUMBER/merge` or " +
			"the name of a branch. If empty, it comes from the event. Needed for events without a branch or tag, and " +
			"after a `workflow_run` whose name matches rules for branches and for tags with different aliases. An event " +
			"that does not count, such as a `workflow_run` after a failed run, is skipped nevertheless.",
		allowed: "must be refs/heads/NAME, refs/tags/NAME, refs/pull/NUMBER/merge or the name of a branch",
		parse:   parseRef,
	},
	{
		name: "if-no-match", group: groupWhere, hint: "HOW", def: "warn",
		doc: "What to do if no rule matches, or if the event does not count: a `workflow_run` after a run that did not " +
			"succeed or was for a pull request, a release that was edited or deleted. `warn` succeeds with a warning, " +
			"`ignore` succeeds, `error` fails. Nothing is changed in any case.",
		allowed: "must be warn, ignore or error",
		words:   ifNoMatch,
		parse: func(in *Input, value string) Problems {
			return oneOf(&in.IfNoMatch, value, ifNoMatch...)
		},
	},
	{
		name: "smoke-test", group: groupSmoke, kind: list, hint: "JSON",
		short: "payload that the version must answer first",
		doc: "A JSON payload with which the version is invoked before any alias moves to it; the function must not return " +
			"an error. `@FILE` reads it from a file. An array of " +
			"`{\"name\": TEXT, \"payload\": JSON, \"expect\": JQ}` is a test with several cases; `name` and `expect` may be " +
			"left out. For several functions, one value for all, or `NAME=JSON` per line. Only for `release` and `promote`.",
		allowed: "must be JSON or @FILE, or NAME=JSON or NAME=@FILE per line",
		parse:   parseSmokeTest,
		file:    &fromFile{keys: []string{"smoke-tests"}, operations: toMove, read: readSmokeTests},
	},
	{
		name: "smoke-test-expect", group: groupSmoke, hint: "JQ",
		doc: "A jq expression on the response to the smoke test that must evaluate to `true`: `.statusCode == 200`. It " +
			"applies to each case that has no `expect`.",
		allowed: jqShape,
		parse:   parseExpect,
	},
	{
		name: "pre-traffic-hook", group: groupSmoke, kind: list, hint: "FUNCTION",
		doc: "A Lambda function that judges the version before any alias moves to it: a name, partial ARN or ARN, with " +
			"`:ALIAS` or `:VERSION` if needed. It is invoked once for each function that is released, after its smoke test, with " +
			"`function`, `version`, `alias`, `previousVersion`, `region` and `run`, and has up to 15 minutes. It rejects the " +
			"version by an error, or by answering a `status` other than `Succeeded`; then no alias moves. For several " +
			"functions, one hook for all, or `NAME=HOOK` per line. Only for `release` and `promote`.",
		allowed: hookShape,
		parse:   parsePreHook,
		file:    &fromFile{keys: []string{"pre-traffic-hook"}, operations: toMove, read: readPreHook},
	},
	{
		name: "post-traffic-hook", group: groupSmoke, kind: list, hint: "FUNCTION",
		doc: "The same after the version has all the traffic, and after `bake-time`. If it rejects the version, the alias is " +
			"rolled back, and the version is held.",
		allowed: hookShape,
		parse:   parsePostHook,
		file:    &fromFile{keys: []string{"post-traffic-hook"}, operations: toMove, read: readPostHook},
	},
	{
		name: "strategy", group: groupShift, hint: "STRATEGY",
		short: "such as Canary10Percent5Minutes",
		doc: "How traffic moves to the version: `AllAtOnce` (the default), `Canary10Percent5Minutes`, " +
			"`Linear10PercentEvery1Minute`, with any whole percentage and any number of Seconds, Minutes or Hours. Only " +
			"for `release` and `promote`; a rollback moves all traffic at once.",
		allowed: "must be AllAtOnce, or like Canary10Percent5Minutes or Linear10PercentEvery1Minute, with any percentage from 1 to 99 and Seconds, Minutes or Hours",
		parse:   parseStrategy,
		file:    &fromFile{keys: []string{"strategy"}, operations: toMove},
	},
	{
		name: "bake-time", group: groupShift, hint: "DURATION",
		doc: "How long the version is monitored after it has all the traffic: `5m`, at most `24h`. If empty, it is not " +
			"monitored.",
		allowed: "must be a number with a unit, such as 90s, 10m or 1h30m, more than 0 and at most 24h",
		parse: func(in *Input, value string) Problems {
			return parseDuration(&in.BakeTime, value, maxDuration)
		},
		file: &fromFile{keys: []string{"bake-time"}, operations: toMove},
	},
	{
		name: "alarms", group: groupShift, kind: list, hint: "NAME",
		doc: "CloudWatch alarms, metric or composite, one per line. If one goes to ALARM during the traffic shift or the " +
			"bake time, the release is rolled back. An alarm that is already in ALARM is ignored until it has been OK.",
		allowed: "write one alarm name per line, each only once",
		parse:   parseAlarms,
		file:    &fromFile{keys: []string{"alarms"}, operations: toMove, read: readAlarms},
	},
	{
		name: "analysis", group: groupShift, kind: list, hint: "CHECK",
		doc: "What the metrics of the new version are judged by, one check per line. `errors`, `throttles` and `duration p99` " +
			"(any percentile, or `average`) compare it with the version that it replaces, minute by minute while both serve. " +
			"`errors < 1%`, `throttles < 1%`, `duration p95 < 800ms` and `metric NAMESPACE/NAME{DIMENSION=VALUE} STATISTIC < NUMBER` " +
			"are limits, which also apply during `bake-time`; `{function}`, `{alias}` and `{version}` are replaced in the " +
			"values of dimensions. A version that is worse, or breaks a limit, is rolled back and held. By default `errors`, if the " +
			"steps of the strategy take at least 2 minutes; `none` turns that off.",
		parse: parseAnalysis,
		file:  &fromFile{keys: []string{"analysis"}, operations: toMove},
	},
	{
		name: "analysis-delay", group: groupShift, hint: "DURATION",
		doc: "Leaves the first minutes of the traffic shift out of `analysis`: `1m`. At least 2 minutes of the steps must be left, or " +
			"of steps and `bake-time` together if `analysis` has only limits.",
		allowed: "must be a number with a unit, such as 90s, 10m or 1h30m, more than 0 and at most 24h",
		parse: func(in *Input, value string) Problems {
			return parseDuration(&in.AnalysisDelay, value, maxDuration)
		},
	},
	{
		name: "on-inconclusive", group: groupShift, hint: "HOW", def: "continue",
		doc: "What to do if a comparison has no result at the end of the steps, because there was too little traffic: `continue` " +
			"goes on with a warning, `rollback` rolls back. The version is not held then.",
		allowed: "must be continue or rollback",
		words:   onInconclusive,
		parse: func(in *Input, value string) Problems {
			return oneOf(&in.OnInconclusive, value, onInconclusive...)
		},
	},
	{
		name: "min-invocations", group: groupShift, hint: "NUMBER", def: "20",
		doc: "How many invocations of the new version are needed before a limit in `analysis` is judged: of `errors` and " +
			"`throttles` in all, of a `duration` in each minute.",
		allowed: "must be a whole number, at least 1",
		parse:   parseMinInvocations,
	},
	{
		name: "codedeploy", group: groupShift, hint: "APPLICATION/GROUP",
		doc: "AWS CodeDeploy runs the traffic shift instead of the runner, with this application and deployment group. " +
			"The deployment configuration is the `strategy`, which must be one of CodeDeploy's own, or the group's if " +
			"`strategy` is empty. The alarms are the group's.",
		allowed: "must be APPLICATION/DEPLOYMENT-GROUP",
		parse:   parseCodeDeploy,
	},
	{
		name: "codedeploy-wait", group: groupShift, kind: toggle, def: "true",
		doc: "`true` waits until the deployment has ended; `false` returns when it has been created, with status " +
			"`started`.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.CodeDeployWait, value)
		},
	},
	{
		name: "wait-for-provisioned-concurrency", group: groupShift, kind: toggle, def: "false",
		doc: "`true` waits after the move until the alias's provisioned concurrency is ready, and restores the alias if " +
			"AWS cannot allocate it.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.WaitForProvisioned, value)
		},
	},
	{
		name: "api-gateway-stages", group: groupGateway, kind: list, hint: "ALIAS=ARN",
		doc: "API Gateway stages to bind to an alias, `ALIAS=STAGE-ARN` per line, REST (`/restapis/`) or HTTP (`/apis/`). " +
			"After the release, the alias has a permission for the stage, and the stage's variable contains the name of " +
			"the alias. Only the lines for the alias that is released apply.",
		allowed: "write ALIAS=STAGE-ARN, for example prod=arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod",
		parse:   parseStages,
		file:    &fromFile{keys: []string{"api-gateway-stages"}, operations: toMove, read: readStages},
	},
	{
		name: "stage-variable", group: groupGateway, hint: "NAME", def: "lambdaAlias",
		doc: "The stage variable that contains the name of the alias; the integration's URI ends in " +
			"`${stageVariables.lambdaAlias}`.",
		allowed: "must be 1 to 64 of a-z, A-Z, 0-9 and _",
		parse:   parseStageVariable,
	},
	{
		name: "function-url", group: groupCallers, hint: "WHO",
		doc: "Gives the alias its own function URL, in the output `url`: `public` answers everyone; `iam` answers callers " +
			"that sign their requests and whose own policies allow it. An existing URL that answers others is an error. " +
			"`public` is refused for a pull request of a fork. Only for `release` and `promote`. If empty, an existing " +
			"URL stays as it is.",
		allowed: "must be iam or public",
		words:   functionURL,
		parse:   parseFunctionURL,
		file:    &fromFile{keys: []string{"function-url"}, operations: toMove, read: readFunctionURL},
	},
	{
		name: "copy-settings-from", group: groupCallers, hint: "ALIAS",
		doc: "Another alias, or `function` for the function itself: each release copies what the alias lacks of its " +
			"settings for asynchronous invocations and its permissions to invoke, except those for function URLs. Nothing " +
			"is removed. An alias does not have those of its function by itself. Only for `release` and `promote`.",
		allowed: "must be the name of an alias, or function; " + aliasCharacters,
		parse: func(in *Input, value string) Problems {
			if err := rules.CheckAlias(value); err != nil {
				return bad(err.Error())
			}
			in.CopySettingsFrom = value
			return nil
		},
	},
	{
		name: "description", group: groupTexts, hint: "TEXT",
		doc: "Text for the version's description, after the commit and the run. Line breaks become spaces, and a text " +
			"that does not fit into 256 characters is cut.",
		parse: parseDescription,
	},
	{
		name: "alias-description", group: groupTexts, hint: "TEXT",
		doc: "Text for the alias's description, before the alias history. Line breaks become spaces, and a text of more " +
			"than 160 characters is cut. It must not end in what reads like an alias history, `[12 < 10 | run 4711]`. If " +
			"empty, the current text is kept.",
		allowed: "leave out the history; lambda-release writes it itself",
		parse:   parseAliasDescription,
	},
	{
		name: "code-sha256", group: groupGuards, kind: list, hint: "SHA256",
		doc: "Publishes only if the unpublished code, `$LATEST`, has this SHA-256: base64, as UpdateFunctionCode returns " +
			"it in `CodeSha256`. This prevents the release of code that another job has uploaded, and a newer run can then " +
			"move the alias although an older run has published a higher version number; `code` does the same. For several " +
			"functions, `NAME=SHA256` per line; functions without a line are not checked.",
		allowed: "must be the base64 of a SHA-256 (44 characters), as UpdateFunctionCode returns it in CodeSha256",
		parse:   parseCodeSHA256,
	},
	{
		name: "reason", group: groupGuards, hint: "TEXT",
		doc: "Why the alias is locked, at most 60 characters, in the alias's description and in the warning of each job that " +
			"the lock stops. Line breaks become spaces, and `|`, `[` and `]` become `/`, `(` and `)`. Only for `lock`.",
		allowed: "must have at most 60 characters",
		parse:   parseReason,
	},
	{
		name: "lock-for", group: groupGuards, hint: "DURATION",
		doc: "How long the alias is locked: `2h`, at most `720h`, rounded up to the end of a minute. If empty, until it is " +
			"unlocked. Only for `lock`.",
		allowed: "must be a number with a unit, such as 30m, 2h or 72h, more than 0 and at most 720h",
		parse: func(in *Input, value string) Problems {
			return parseDuration(&in.LockFor, value, maxLock)
		},
	},
	{
		name: "clear-weights", group: groupGuards, kind: toggle, def: "false",
		doc: "`true` clears routing weights that CodeDeploy, a person or another tool has set, and takes over the alias; " +
			"`false` fails and says how to inspect them. A deployment that lambda-release started is not taken over: wait " +
			"for it, or stop it with `operation: rollback`.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.ClearWeights, value)
		},
	},
	{
		name: "restore-latest", group: groupGuards, kind: toggle, def: "false",
		doc: "`true` restores configuration and code of `$LATEST` if a release fails after it has written them with `configuration` " +
			"or `code`, provided that nothing else has written them since. The code is downloaded before the upload. `false` leaves " +
			"`$LATEST` as it is then, and a warning shows what this run has changed.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.RestoreLatest, value)
		},
	},
	{
		name: "dry-run", group: groupGuards, kind: toggle, def: "false",
		short: "shows the plan and changes nothing",
		doc: "`true` shows the plan and changes nothing. What would be refused is an error, as far as reads can tell; what " +
			"only a real run can check is listed.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.DryRun, value)
		},
	},
	{
		name: "exit-code", group: groupGuards, kind: toggle, def: "false",
		doc: "`true` lets `status` end with exit code 4 if an alias was changed outside lambda-release. It has no effect on " +
			"other operations.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.ExitCode, value)
		},
	},
	{
		name: "aws-region", group: groupAWS, hint: "REGION",
		short: "the region; by default AWS_REGION",
		doc: "The region of the functions, for example `eu-central-1`. If empty, it comes from their ARNs or from the " +
			"environment (`AWS_REGION`).",
		allowed: "must be a region, for example eu-central-1",
		parse:   parseRegion,
	},
	{
		name: "role-to-assume", group: groupAWS, hint: "ARN",
		doc: "The IAM role to assume with the job's own OIDC token; on GitHub, the job needs `permissions: id-token: write`. " +
			"The session is renewed during a traffic shift. If empty, the credentials in the environment are used.",
		allowed: "must be the ARN of an IAM role, arn:aws:iam::123456789012:role/NAME",
		parse:   parseRole,
	},
	{
		name: "web-identity-token-file", group: groupAWS, hint: "FILE", secret: true, // it may be the token itself
		doc: "A file with an OIDC token, with which `role-to-assume` is assumed in place of one that the CI system issues. " +
			"It is read again for each session.",
		allowed: "must be the path of a file",
		parse:   parseTokenFile,
	},
	{
		name: "audience", group: groupAWS, hint: "AUDIENCE",
		doc: "The audience of the OIDC token, which the identity provider in IAM must have, too. If empty, `sts.amazonaws.com`, " +
			"in China `sts.amazonaws.com.cn`. It is refused in systems whose tokens have an audience of their own: GitLab, Bitbucket, " +
			"CircleCI and Azure Pipelines.",
		parse: func(in *Input, value string) Problems {
			in.Audience = value
			return nil
		},
	},
	{
		name: "role-chain", group: groupAWS, kind: list, hint: "ARN",
		doc: "IAM roles to assume one after the other, one ARN per line, behind `role-to-assume` or the credentials in the " +
			"environment. AWS allows such a session an hour at most; each is renewed when needed. The last role does everything.",
		allowed: "must be ARNs of IAM roles, arn:aws:iam::123456789012:role/NAME, one per line",
		parse:   parseRoleChain,
	},
	{
		name: "external-id", group: groupAWS, hint: "ID", secret: true,
		doc:     "The external ID that the trust policy of the last role in `role-chain` asks for (`sts:ExternalId`). It is masked.",
		allowed: "must be 2 to 1224 of a-z, A-Z, 0-9 and _+=,.@:/-",
		parse:   parseExternalID,
	},
	{
		name: "role-session-name", group: groupAWS, hint: "NAME",
		doc:     "The name of the role sessions, as CloudTrail shows it. If empty, `lambda-release-` and the run ID.",
		allowed: "must be 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-",
		parse:   parseSessionName,
	},
	{
		name: "role-duration-seconds", group: groupAWS, hint: "SECONDS", def: "3600",
		doc:     "How long a role session lasts, at most what the role allows, and 3600 for the roles of `role-chain`.",
		allowed: "must be a whole number from 900 to 43200",
		parse:   parseSessionSeconds,
	},
	{
		name: "least-privilege-session", group: groupAWS, kind: toggle, def: "false",
		doc: "`true` limits the session of the last role to what exactly this run needs: the policy that `--print-policy` prints, as a " +
			"session policy. AWS takes 2,048 characters of it. If many functions need more, they are named by what their names begin " +
			"with; a policy that does not fit is an error. Needs `role-to-assume` or `role-chain`.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.LeastPrivilege, value)
		},
	},
	{
		name: "allowed-account-ids", group: groupAWS, kind: list, hint: "ACCOUNT",
		doc: "The AWS accounts that the credentials may be of, one per line or separated by commas. Anything else is an error before " +
			"anything is read or changed. If no ARN of a role shows the account, it is asked for with `GetCallerIdentity`.",
		allowed: "must be account IDs of 12 digits, one per line or separated by commas",
		parse:   parseAccounts,
	},
	{
		name: "mask-account-id", group: groupAWS, kind: toggle, def: "false",
		doc: "`true` masks the account ID in the logs of GitHub and Azure Pipelines, which have a command for that. " +
			"GitHub then also drops job outputs that contain it, such as `alias-arn`.",
		allowed: "must be true or false",
		parse: func(in *Input, value string) Problems {
			return parseBool(&in.MaskAccount, value)
		},
	},
	{
		name: "timeout", group: groupAWS, hint: "DURATION", def: "10m",
		doc: "The limit for all waits together, a number with a unit such as `90s`, `10m` or `1h30m`, at most `24h`. Added " +
			"to it are the time of the traffic shift, by CodeDeploy too, the bake time, and 15 minutes for each of the hook " +
			"inputs that is set. SnapStart may need more than the default.",
		allowed: "must be a number with a unit, such as 90s, 10m or 1h30m, more than 0 and at most 24h",
		parse: func(in *Input, value string) Problems {
			return parseDuration(&in.Timeout, value, maxDuration)
		},
	},
}
