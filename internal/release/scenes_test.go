package release_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/configuration"
	"lambda-release/internal/gateway"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

// scene is a state of affairs in which an operation makes certain calls.
type scene struct {
	name    string
	calls   []string
	options localaws.Options
	set     func(w *world)            // for all functions
	lay     func(w *world, fn string) // for each
	durable bool                      // the functions
	absent  bool                      // the functions do not exist; prod ends at the newest version

	operation release.Operation // 0: Release
	change    func(*release.Request)
	skip      int               // the fault begins after so many of the calls
	end       string            // where prod is when all went well; "": 2
	ends      map[string]string // by function, where it is another
	versions  int               // how many there are then; 0: 2
	inUse     []string          // versions that something refers to: they are never deleted
	has       string            // what belongs to prod then, as belongings has it
	meanwhile []string          // what others do meanwhile; nil: all that they can
	onlyMany  bool              // the case of one function is left out: another scene has it
	onlyOne   bool              // the operation is for one function only
}

var scenes = []scene{
	{name: "alias to move", calls: []string{"PublishVersion", "GetAlias", "UpdateAlias"}, lay: toMove},
	{name: "alias to create", calls: []string{"PublishVersion", "GetAlias", "CreateAlias"}, lay: func(w *world, fn string) {
		w.Publish(fn, "")
		w.Upload(fn, "2")
	}},
	{name: "pending version", calls: []string{"PublishVersion", "GetFunction", "UpdateAlias"}, lay: func(w *world, fn string) {
		toMove(w, fn)
		w.OnPublish(fn, "Active", "", "")
	}},
	{name: "code", calls: []string{"GetFunction", "UpdateFunctionCode", "PublishVersion"}, lay: toMove, change: newCode, onlyOne: true},
	{name: "configuration", calls: []string{"GetFunction", "UpdateFunctionConfiguration", "PublishVersion"}, lay: toMove, change: newConfiguration},
	{
		name: "configuration and code", calls: []string{"GetFunction", "UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion"}, lay: toMove, onlyOne: true,
		options: localaws.Options{Settle: time.Second}, change: func(req *release.Request) { newConfiguration(req); newCode(req) },
	},
	{
		name: "configuration, failed version", calls: []string{"GetFunction", "UpdateFunctionConfiguration", "PublishVersion"}, onlyOne: true, end: "3", versions: 3, lay: func(w *world, fn string) {
			toMove(w, fn)
			w.Configure(fn, func(f *localaws.Function) { f.MemorySize, f.Environment = 512, map[string]string{"LEVEL": "new"} })
			w.Publish(fn, "")
			w.SetState(fn, "2", "Failed", "InternalError", "it crashed")
		},
		change: newConfiguration,
	},
	{
		name: "function to create", calls: []string{"GetFunction", "CreateFunction", "PublishVersion", "GetAlias", "CreateAlias"}, absent: true,
		options: localaws.Options{Settle: time.Second}, change: creation, versions: 1, meanwhile: []string{},
	},
	{name: "failed version", calls: []string{"GetFunction", "UpdateFunctionConfiguration", "PublishVersion"}, onlyOne: true, end: "3", versions: 3, lay: func(w *world, fn string) {
		toMove(w, fn)
		w.Publish(fn, "")
		w.SetState(fn, "2", "Failed", "InternalError", "it crashed")
	}},
	{name: "first step of a shift", calls: []string{"GetFunction", "UpdateAlias"}, lay: toMove, onlyMany: true, change: canary},
	{name: "last step of a shift", calls: []string{"UpdateAlias"}, lay: toMove, skip: 1, change: canary},
	{
		name: "provisioned concurrency", calls: []string{"UpdateAlias", "GetAlias", "GetProvisionedConcurrencyConfig"}, onlyOne: true,
		options: localaws.Options{Provisioning: 20 * time.Second}, lay: toMoveProvisioned,
		change: func(req *release.Request) { req.Provisioned = true },
	},
	{
		name: "CodeDeploy", calls: []string{"UpdateAlias", "GetAlias", "CreateDeployment", "GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets"}, onlyOne: true,
		set: func(w *world) { w.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce") }, lay: toMove,
		change: deployed,
	},
	{
		name: "CodeDeploy, the deployment's id", calls: []string{"UpdateAlias"}, onlyOne: true, skip: 1,
		set: func(w *world) { w.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce") }, lay: toMove,
		change: deployed,
	},
	{
		name: "CodeDeploy, the history after it", calls: []string{"UpdateAlias"}, onlyOne: true, skip: 2,
		set: func(w *world) { w.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce") }, lay: toMove,
		change: deployed,
	},
	{
		name: "bindings", onlyMany: true, calls: []string{"GetPolicy", "AddPermission", "GetStage", "UpdateStage"}, lay: toMove,
		set: func(w *world) { w.AddRestStage("a1b2c3d4e5", "prod", nil) }, change: binding,
	},
	{
		name: "public URL", onlyOne: true, calls: []string{"GetFunctionUrlConfig", "GetPolicy", "AddPermission", "CreateFunctionUrlConfig"}, lay: toMove,
		change: func(req *release.Request) { req.URLs = public(*req) }, has: "URL NONE lambda-release-url lambda-release-url-invoke",
	},
	{
		name: "CORS of a URL", onlyOne: true, calls: []string{"GetFunctionUrlConfig", "UpdateFunctionUrlConfig"}, lay: func(w *world, fn string) {
			toMove(w, fn)
			w.giveURL(fn, "prod")
		},
		change: func(req *release.Request) {
			req.URLs = public(*req)
			for fn, url := range req.URLs {
				url.CORS = &gateway.CORS{AllowOrigins: []string{"https://shop.example.com"}}
				req.URLs[fn] = url
			}
		},
		has: "URL NONE for https://shop.example.com lambda-release-url lambda-release-url-invoke",
	},
	{
		name: "copied settings", onlyMany: true, calls: []string{"ListFunctionEventInvokeConfigs", "GetPolicy", "AddPermission", "PutFunctionEventInvokeConfig"}, lay: func(w *world, fn string) {
			toMove(w, fn)
			w.give(fn, "")
		},
		change: func(req *release.Request) { req.CopyFrom = release.FromFunction }, has: "async bucket",
	},
	{
		name: "all at once", onlyOne: true, end: "5", versions: 3, calls: []string{"Invoke", "UpdateAlias", "AddPermission", "UpdateStage"},
		set: func(w *world) {
			w.AddRestStage("a1b2c3d4e5", "prod", nil)
			w.SetAlarm("errors", "OK", "")
			w.AddFunction("before")
			w.AddFunction("after")
		},
		lay: func(w *world, fn string) {
			w.versions(fn, 4)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "4", Description: "[4 | run 1]"})
			w.Age(fn, 3*time.Hour)
			w.give(fn, "")
		},
		change: allAtOnce, meanwhile: []string{"a lock", "a move by hand"},
		has: "URL NONE async bucket lambda-release-a1b2c3d4e5-prod-7231b2791261 lambda-release-url lambda-release-url-invoke",
	},
	{
		name: "new alias", onlyOne: true, calls: []string{"GetPolicy", "ListFunctionEventInvokeConfigs", "ListProvisionedConcurrencyConfigs", "ListFunctionUrlConfigs", "ListEventSourceMappings"},
		lay: func(w *world, fn string) { w.Publish(fn, "") }, end: "1", versions: 1,
	},
	{
		name: "prune after a release", calls: slices.Concat(readForPrune[:6], []string{"GetAlias", "DeleteFunction"}), onlyOne: true, versions: 3, end: "5", lay: func(w *world, fn string) {
			w.versions(fn, 4)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "4", Description: "[4 | run 1]"})
			w.Upload(fn, "5")
			w.Age(fn, 3*time.Hour)
		},
		change: func(req *release.Request) { req.Keep = 3 },
	},
	{
		name: "promote", calls: []string{"ListAliases", "GetFunction", "UpdateAlias"}, onlyMany: true,
		lay:       func(w *world, fn string) { toMove(w, fn); w.Publish(fn, "") },
		operation: release.Promote, change: func(req *release.Request) { req.Version = 2 },
	},
	{
		name: "rollback", calls: []string{"ListAliases", "GetFunction", "UpdateAlias"}, onlyMany: true,
		lay: func(w *world, fn string) {
			w.versions(fn, 2)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "2", Description: "text [2 < 1 | run 1]"})
		},
		operation: release.Rollback, end: "1",
	},
	{
		name: "rollback of the newest run", calls: []string{"ListAliases", "GetFunction", "UpdateAlias"}, onlyMany: true,
		lay: func(w *world, fn string) {
			w.versions(fn, 2)
			mark := "text [2 < 1 | run 7]"
			if fn == "users" {
				mark = "text [2 < 1 | run 6]"
			}
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "2", Description: mark})
		},
		operation: release.Rollback, end: "1", ends: map[string]string{"users": "2"},
	},
	{
		name: "prune", calls: slices.Concat(readForPrune, []string{"DeleteFunction"}), onlyMany: true, durable: true, inUse: []string{"1", "2", "3"},
		lay: func(w *world, fn string) {
			w.versions(fn, 7)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "7"})
			w.AddEventSourceMapping(fn, "1", "arn:aws:sqs:eu-central-1:123456789012:queue")
			if err := w.ProvisionConcurrency(fn, "2"); err != nil {
				w.t.Error(err)
			}
			w.SetDurableExecution(fn, "3", "execution", "RUNNING")
		},
		operation: release.Prune, change: func(req *release.Request) { req.Keep = 3 }, end: "7", versions: 6,
	},
	{
		name: "delete-alias", calls: []string{"GetAlias", "DeleteAlias"}, lay: toMove, onlyMany: true, operation: release.DeleteAlias, end: "none", versions: 1,
	},
	{
		name: "delete-alias with all it can have", onlyOne: true, operation: release.DeleteAlias, end: "none", versions: 1,
		calls: []string{
			"GetAlias", "GetPolicy", "GetFunctionUrlConfig", "ListFunctionEventInvokeConfigs", "ListProvisionedConcurrencyConfigs", "ListEventSourceMappings",
			"DeleteFunctionUrlConfig", "RemovePermission", "DeleteFunctionEventInvokeConfig", "DeleteProvisionedConcurrencyConfig", "DeleteAlias",
		},
		lay: func(w *world, fn string) { toMove(w, fn); w.give(fn, "prod"); w.giveURL(fn, "prod") },
	},
	{
		name: "lock", calls: []string{"ListAliases", "UpdateAlias"}, onlyMany: true,
		lay:       marked("2", "text [2 < 1 | run 1]"),
		operation: release.Lock, change: func(req *release.Request) { req.Reason = "why" },
	},
	{
		name: "lock during a shift", calls: []string{"ListAliases", "UpdateAlias", "GetAlias"}, onlyMany: true,
		lay: func(w *world, fn string) {
			w.versions(fn, 2)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.1}, Description: "text [1 | shifting to 2 until 2999-12-31T00:00Z | run 1]"})
		},
		operation: release.Lock, change: func(req *release.Request) { req.LockFor = time.Hour }, end: "1",
	},
	{
		name: "unlock", calls: []string{"ListAliases", "UpdateAlias"}, onlyMany: true,
		lay:       marked("2", "text [2 < 1 | locked: why | run 1]"),
		operation: release.Unlock,
	},
}

// marked lays two versions, and prod at one of them with a description.
func marked(at, description string) func(*world, string) {
	return func(w *world, fn string) {
		w.versions(fn, 2)
		w.SetAlias(fn, localaws.Alias{Name: "prod", Version: at, Description: description})
	}
}

// readForPrune are the calls that show what refers to a version; only the last is of
// durable functions only.
var readForPrune = []string{
	"ListAliases", "ListVersionsByFunction", "ListEventSourceMappings", "ListProvisionedConcurrencyConfigs", "ListFunctionEventInvokeConfigs",
	"GetPolicy", "ListDurableExecutionsByFunction",
}

func canary(req *release.Request) { shifting(req, "Canary50Percent10Seconds") }

func toMove(w *world, fn string) {
	w.Publish(fn, "")
	w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "1", Description: "text [1 | run 1]"})
	w.Upload(fn, "2")
}

func toMoveProvisioned(w *world, fn string) {
	toMove(w, fn)
	if err := w.ProvisionConcurrency(fn, "prod"); err != nil {
		w.t.Error(err)
	}
}

func deployed(req *release.Request) {
	req.CodeDeploy = &release.CodeDeploy{Application: "shop", Group: "prod", Wait: true}
}

// newCode releases code that is not uploaded yet.
func newCode(req *release.Request) {
	var names, codes []string
	for _, fn := range req.Functions {
		names, codes = append(names, fn.Name), append(codes, fn.Name+"=testdata/code")
	}
	sources, err := artifact.Parse(strings.Join(codes, "\n"), names)
	if err != nil {
		panic(err)
	}
	req.Code = sources
}

// newConfiguration releases a configuration that differs.
func newConfiguration(req *release.Request) {
	file, problems := configuration.Parse("test", []byte(`{"MemorySize": 512, "Environment": {"Variables": {"LEVEL": "new"}}}`))
	if len(problems) > 0 {
		panic(problems)
	}
	req.Configuration = map[string]configuration.Configuration{}
	for _, fn := range req.Functions {
		req.Configuration[fn.Name] = file.Configuration
	}
}

// allAtOnce gives a release all that it can have.
func allAtOnce(req *release.Request) {
	newCode(req)
	canary(req)
	alarmed(req)
	req.Rollout.Health.Analysis = rollout.Analysis{Checks: []analysis.Check{{Subject: analysis.Errors}}}
	hooks(req)
	req.Smoke = release.Smoke{}
	for _, fn := range req.Functions {
		req.Smoke[fn.Name] = []release.Case{{Name: "a", Payload: []byte("{}")}, {Name: "b", Payload: []byte("[]")}}
	}
	req.URLs, req.CopyFrom, req.Keep = public(*req), release.FromFunction, 3
	binding(req)
}

func binding(req *release.Request) {
	req.Stages, req.StageVariable = map[string][]gateway.Stage{}, "lambdaAlias"
	for _, fn := range req.Functions {
		req.Stages[fn.Name] = []gateway.Stage{stage("a1b2c3d4e5")}
	}
}

// public are public URLs for all functions of a request.
func public(req release.Request) map[string]gateway.URL {
	urls := map[string]gateway.URL{}
	for _, fn := range req.Functions {
		urls[fn.Name] = gateway.URL{AuthType: awsapi.URLPublic}
	}
	return urls
}

// stage is the world of a scene, with these functions.
func (sc scene) stage(t testing.TB, names []string) *world {
	w := newWorld(t, sc.options)
	if sc.set != nil {
		sc.set(w)
	}
	for _, fn := range names {
		if sc.absent {
			break
		}
		w.AddFunction(fn, func(f *localaws.Function) {
			if sc.durable {
				f.Durable = &localaws.DurableConfig{}
			}
		})
		sc.lay(w, fn)
		for _, a := range w.Aliases(fn) {
			w.SetAlias(fn, a) // what a stale read shows is there, too, with another revision
		}
	}
	return w
}

// job runs the operation of the scene as run 500.
func (sc scene) job(w *world, names []string) release.Result {
	const timeout = 2 * time.Minute // a call that hangs is given up after 20 seconds of it
	ctx, cancel := context.WithTimeout(w.t.Context(), timeout)
	defer cancel()
	req := on(run(500), names...)
	if sc.change != nil {
		sc.change(&req)
	}
	return w.releaser(timeout).Run(ctx, as(cmp.Or(sc.operation, release.Release), req))
}

// endOf is where a function's prod is when all went well.
func (sc scene) endOf(w *world, fn string) string {
	if sc.absent {
		return strings.Join(w.Versions(fn), " ") // there is one: numbers are not used again
	}
	return cmp.Or(sc.ends[fn], sc.end, "2")
}
