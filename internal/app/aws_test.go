package app_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lambda-release/internal/localaws"
)

// scene is the AWS of a script, and how calls to it are broken.
type scene struct {
	*localaws.Cloud

	signalled signalled
	job       []string // the variables of the CI system

	mu    sync.Mutex
	rules []*rule
}

type sceneKey struct{}

func newScene(cloud *localaws.Cloud) *scene {
	s := &scene{Cloud: cloud}
	cloud.OnCall(s.intercept)
	cloud.AfterCall(func(c localaws.Call) { s.apply(c, true) })
	return s
}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

// awsVerbs are what follows `aws`.
//
//	function NAME [KIND]                a function that is ready; KIND may be Image
//	upload NAME CODE [MB]               new code in $LATEST, of this size
//	configure NAME JSON                 changes the configuration of $LATEST; forgets
//	                                    the calls so far
//	publish NAME [TEXT]                 a version of it, with this description
//	alias NAME ALIAS VERSION TEXT       asserts where an alias is, and its description;
//	                                    VERSION may be 12+13:0.1 for weights, and TEXT
//	                                    has d-ID for the ID of a deployment
//	set-alias NAME ALIAS VERSION [TEXT] moves it there, outside of the program; d-ID in
//	                                    TEXT becomes the ID of the last deployment
//	remove-alias NAME ALIAS             deletes it, outside of the program
//	published NAME PATTERN              asserts the description of the last publish since `calls`
//	versions NAME [N…]                  asserts which versions there are
//	become NAME STATE CODE REASON       the state of versions that are published from now on
//	state NAME VERSION STATE [CODE REASON], last-update NAME VALUE [CODE REASON]
//	edge NAME VERSION                   makes it have replicas at the edge
//	managed NAME                        makes it have the version $LATEST.PUBLISHED
//	mapping NAME QUALIFIER SOURCE-ARN   an event source mapping, as give does, but the calls stay
//	execution NAME QUALIFIER ID STATUS  a durable execution, or its new status
//	functions [NAME…]                   asserts which there are
//	new-role ARN DURATION               an execution role that Lambda can assume only then
//	age NAME DURATION                   makes it and its versions older by that
//	code-storage BYTES                  how much code the account may keep
//	require-signature NAME PROFILE      makes it refuse code that is not signed by this profile
//	answers NAME FILE [Handled|Unhandled] [LOG]
//	                                    what an invocation returns instead of its payload
//	invoked NAME VERSION PAYLOAD        asserts the last invocation since `calls`
//	provision NAME ALIAS [REASON]       provisioned concurrency, which fails for REASON
//	snapstart NAME                      publishes versions with SnapStart from now on
//	give NAME QUALIFIER url AUTHTYPE    a function URL, outside of the program; also async
//	                                    JSON, permission JSON and mapping SOURCE-ARN
//	belongings NAME QUALIFIER [url:AUTHTYPE] [permission:ID…] [async:RETRIES] [provisioned]
//	                                    asserts all of that; forgets the calls so far
//	alarm NAME STATE REASON             a CloudWatch alarm, created if it does not exist
//	deployment-group APPLICATION GROUP [CONFIG [ALARM…]]
//	fail-deployment CODE MESSAGE        the last deployment fails
//	forget-deployment                   the last deployment is gone
//	queue-deployments DURATION          new deployments are Queued for so long
//	deployed CONFIG APPSPEC             asserts the last deployment since `calls`
//	stage rest|http API STAGE [ALIAS]   a stage, whose variable lambdaAlias is ALIAS
//	stage-variable API STAGE NAME VALUE asserts it
//	object BUCKET KEY FILE              in S3, in a bucket with versions
//	bucket NAME [REGION]                a bucket without versions
//	staged BUCKET N                     asserts how many objects it has, and that no upload
//	                                    of one has not ended; with N+M, that M have not
//	role ARN SUBJECT [AUDIENCE]         a role that tokens of this subject may assume
//	trust ARN PRINCIPAL [EXTERNAL-ID]   a role that another caller may assume
//	session NAME|ARN [-]ACTION…         asserts what the policy of the last session allows on
//	                                    a function or anything else, and with - what not
//	fault CALLS STATUS CODE MESSAGE     an error, and the work is not done
//	drop CALLS, lose CALLS, hang CALLS  the connection closes before, after the work is done;
//	                                    no answer, and the work is not done
//	delay CALLS DURATION
//	garble CALLS cut|torn|empty|html    the work is done, and the answer cannot be read
//	twice CALLS                         the work is done twice, the second answer counts
//	stale CALLS                         reads show what was there before the last write
//	not-yet CALLS                       404, as if what a call made last were not there yet
//	meanwhile CALLS VERB…               another aws command, before the first of them is served
//	after CALLS VERB…                   the same, when the first of them has been carried out
//	heal                                ends all of these
//	calls [N*]OPERATION…                asserts all calls since the last time, in any order;
//	                                    new-alias and belongings are groups of them
//	reads                               asserts that none of them changed anything
//	until NAME ALIAS VERSION            waits until the alias is there
//	await CALLS [N]                     waits until N of them have arrived
//	answered CALLS [N]                  waits until N of them have been answered, and the
//	                                    caller has the answer
//
// @FILE as an argument is replaced by the content of that file.
//
// CALLS is OPERATION[:FUNCTION], with +N to let the first N of them pass, and xN to
// affect only N: UpdateAlias:orders+1x2.
func awsVerbs() map[string]func(*testscript.TestScript, *scene, []string) {
	return map[string]func(*testscript.TestScript, *scene, []string){
		"function":   addFunction,
		"functions":  wantFunctions,
		"new-role":   func(ts *testscript.TestScript, s *scene, a []string) { s.NewRole(a[0], duration(ts, a[1])) },
		"upload":     upload,
		"configure":  configure,
		"edge":       func(_ *testscript.TestScript, s *scene, a []string) { s.SetEdgeReplica(a[0], a[1], true) },
		"managed":    func(_ *testscript.TestScript, s *scene, a []string) { s.AddLatestPublished(a[0]) },
		"answers":    answers,
		"invoked":    wantInvoked,
		"provision":  provision,
		"snapstart":  snapStart,
		"age":        age,
		"alarm":      func(_ *testscript.TestScript, s *scene, a []string) { s.SetAlarm(a[0], a[1], a[2]) },
		"deployed":   wantDeployed,
		"stage":      addStage,
		"give":       give,
		"belongings": wantBelongings,
		"role":       addRole,
		"trust":      trust,
		"session":    wantSession,
		"until":      until,
		"object": func(ts *testscript.TestScript, s *scene, a []string) {
			s.PutObject(a[0], a[1], []byte(ts.ReadFile(a[2])))
		},
		"bucket":           addBucket,
		"staged":           wantStaged,
		"mapping":          func(_ *testscript.TestScript, s *scene, a []string) { s.AddEventSourceMapping(a[0], a[1], a[2]) },
		"execution":        func(_ *testscript.TestScript, s *scene, a []string) { s.SetDurableExecution(a[0], a[1], a[2], a[3]) },
		"deployment-group": deploymentGroup,
		"fail-deployment":  failDeployment,
		"forget-deployment": func(ts *testscript.TestScript, s *scene, _ []string) {
			s.DeleteDeployment(lastDeployment(ts, s))
		},
		"queue-deployments": func(ts *testscript.TestScript, s *scene, a []string) {
			s.DelayDeployments(0, duration(ts, a[0]))
		},
		"stage-variable":    wantStageVariable,
		"publish":           func(_ *testscript.TestScript, s *scene, a []string) { s.Publish(a[0], cmp.Or(at(a, 1), "by hand")) },
		"alias":             wantAlias,
		"set-alias":         setAlias,
		"remove-alias":      removeAlias,
		"versions":          wantVersions,
		"published":         wantPublished,
		"become":            func(_ *testscript.TestScript, s *scene, a []string) { s.OnPublish(a[0], a[1], a[2], a[3]) },
		"state":             func(_ *testscript.TestScript, s *scene, a []string) { s.SetState(a[0], a[1], a[2], at(a, 3), at(a, 4)) },
		"last-update":       func(_ *testscript.TestScript, s *scene, a []string) { s.SetLastUpdate(a[0], a[1], at(a, 2), at(a, 3)) },
		"code-storage":      func(ts *testscript.TestScript, s *scene, a []string) { s.LimitCodeStorage(int64(number(ts, a[0]))) },
		"require-signature": func(_ *testscript.TestScript, s *scene, a []string) { s.RequireSignature(a[0], a[1]) },
		"fault": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Status: number(ts, a[1]), Code: a[2], Message: a[3]}})
		},
		"drop": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Drop: true}})
		},
		"lose": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{DropAfter: true}})
		},
		"hang": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Hang: true}})
		},
		"delay": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Delay: duration(ts, a[1])}})
		},
		"garble": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Garble: localaws.Garble(a[1])}})
		},
		"twice": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Twice: true}})
		},
		"stale": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{Stale: true}})
		},
		"not-yet": func(ts *testscript.TestScript, s *scene, a []string) {
			s.add(ts, a[0], rule{fault: localaws.Fault{NotYet: true}})
		},
		"meanwhile": func(ts *testscript.TestScript, s *scene, a []string) {
			verb := awsVerbs()[a[1]]
			s.add(ts, a[0]+"x1", rule{do: func() { verb(ts, s, a[2:]) }})
		},
		"after": func(ts *testscript.TestScript, s *scene, a []string) {
			verb := awsVerbs()[a[1]]
			s.add(ts, a[0]+"x1", rule{after: true, do: func() { verb(ts, s, a[2:]) }})
		},
		"heal":  func(_ *testscript.TestScript, s *scene, _ []string) { s.heal() },
		"calls": wantCalls,
		"reads": wantReads,
		"await": await,
		"answered": func(ts *testscript.TestScript, s *scene, a []string) {
			awaitThat(ts, s, a, func(c localaws.Call) bool { return c.Status != 0 })
			time.Sleep(50 * time.Millisecond)
		},
	}
}

func awsCommand(ts *testscript.TestScript, neg bool, args []string) {
	verbs := awsVerbs()
	if len(args) == 0 || verbs[args[0]] == nil {
		ts.Fatalf("usage: aws VERB …, with one of %s", strings.Join(slices.Sorted(maps.Keys(verbs)), ", "))
	}
	for i, arg := range args {
		if file, ok := strings.CutPrefix(arg, "@"); ok {
			args[i] = strings.TrimSuffix(ts.ReadFile(file), "\n")
		}
	}
	s := sceneOf(ts)
	if neg {
		if args[0] != "alias" || len(args) != 3 {
			ts.Fatalf("usage: ! aws alias NAME ALIAS")
		}
		if a, exists := s.Alias(args[1], args[2]); exists {
			ts.Fatalf("there is an alias %s of %s, at %s", args[2], args[1], position(a))
		}
		return
	}
	verbs[args[0]](ts, s, args[1:])
}

func at(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

func addFunction(_ *testscript.TestScript, s *scene, args []string) {
	s.AddFunction(args[0], func(f *localaws.Function) {
		switch at(args, 1) {
		case "":
		case "Image":
			f.PackageType = "Image"
			f.ImageURI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1"
		default:
			f.Runtime, f.Handler = args[1], args[2]
		}
	})
}

func wantFunctions(ts *testscript.TestScript, s *scene, args []string) {
	if got := s.Functions(); !slices.Equal(got, args) {
		ts.Fatalf("functions %v, want %v", got, args)
	}
}

func age(ts *testscript.TestScript, s *scene, args []string) { s.Age(args[0], duration(ts, args[1])) }

func setAlias(ts *testscript.TestScript, s *scene, args []string) {
	version, weight, weighted := strings.Cut(args[2], "+")
	a := localaws.Alias{Name: args[1], Version: version, Description: at(args, 3)}
	if strings.Contains(a.Description, "d-ID") {
		a.Description = strings.ReplaceAll(a.Description, "d-ID", lastDeployment(ts, s))
	}
	if weighted {
		other, share, _ := strings.Cut(weight, ":")
		f, err := strconv.ParseFloat(share, 64)
		ts.Check(err)
		a.Weights = map[string]float64{other: f}
	}
	s.SetAlias(args[0], a)
}

// position formats an alias's position as set-alias parses it.
func position(a localaws.Alias) string {
	text := a.Version
	for v, w := range a.Weights {
		text += "+" + v + ":" + strconv.FormatFloat(w, 'g', -1, 64)
	}
	return text
}

var deploymentID = regexp.MustCompile(`\bd-[0-9A-Z]{9}\b`)

func wantAlias(ts *testscript.TestScript, s *scene, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: aws alias NAME ALIAS VERSION TEXT")
	}
	a, exists := s.Alias(args[0], args[1])
	if !exists {
		ts.Fatalf("%s has no alias %s", args[0], args[1])
	}
	if got, want := position(a), args[2]; got != want {
		ts.Fatalf("%s of %s is at %s, want %s", args[1], args[0], got, want)
	}
	if got, want := deploymentID.ReplaceAllString(a.Description, "d-ID"), args[3]; got != want {
		ts.Fatalf("%s of %s says %q, want %q", args[1], args[0], got, want)
	}
}

func wantVersions(ts *testscript.TestScript, s *scene, args []string) {
	if got, want := s.Versions(args[0]), args[1:]; !slices.Equal(got, want) {
		ts.Fatalf("%s has the versions %v, want %v", args[0], got, want)
	}
}

func wantPublished(ts *testscript.TestScript, s *scene, args []string) {
	var sent struct{ Description string }
	for _, c := range s.Calls() {
		if c.Operation == "PublishVersion" && c.Function == args[0] {
			ts.Check(json.Unmarshal(c.Body, &sent))
		}
	}
	if !regexp.MustCompile(args[1]).MatchString(sent.Description) {
		ts.Fatalf("%s was published as %q, want %s", args[0], sent.Description, args[1])
	}
}

// rule breaks some calls, or does something before or after the first of them.
type rule struct {
	operation, function string
	spare, most         int // how many calls it lets pass first, and how many it affects; 0: all
	seen                int
	fault               localaws.Fault
	after               bool
	do                  func()
}

var callsPattern = regexp.MustCompile(`^([A-Za-z]+)(?::([a-z-]+?))?(?:\+([0-9]+))?(?:x([0-9]+))?$`)

func (s *scene) add(ts *testscript.TestScript, calls string, r rule) {
	m := callsPattern.FindStringSubmatch(calls)
	if m == nil {
		ts.Fatalf("not CALLS: %s", calls)
	}
	r.operation, r.function = m[1], m[2]
	if m[3] != "" {
		r.spare = number(ts, m[3])
	}
	if m[4] != "" {
		r.most = number(ts, m[4])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, &r)
}

func (s *scene) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// intercept is the hook for calls: of several faults for a call the last one counts.
func (s *scene) intercept(c localaws.Call) *localaws.Fault { return s.apply(c, false) }

// apply applies the rules for before or after a call.
func (s *scene) apply(c localaws.Call, after bool) *localaws.Fault {
	var fault *localaws.Fault
	var do []func()
	s.mu.Lock()
	for _, r := range s.rules {
		if r.after != after || r.operation != c.Operation || r.function != "" && r.function != c.Function {
			continue
		}
		r.seen++
		if r.seen <= r.spare || r.most > 0 && r.seen > r.spare+r.most {
			continue
		}
		if r.do != nil {
			do = append(do, r.do)
			continue
		}
		fault = &r.fault
	}
	s.mu.Unlock()
	for _, f := range do {
		f()
	}
	return fault
}

func addBucket(_ *testscript.TestScript, s *scene, a []string) {
	s.AddBucket(a[0], slices.Concat(a[1:], []string{"eu-central-1"})[0])
}

func wantStaged(ts *testscript.TestScript, s *scene, a []string) {
	objects, uploads, _ := strings.Cut(a[1], "+")
	if got := s.Objects(a[0]); len(got) != number(ts, objects) {
		ts.Fatalf("objects %v, want %s", got, objects)
	}
	if got := s.Uploads(a[0]); got != number(ts, cmp.Or(uploads, "0")) {
		ts.Fatalf("%d uploads have not ended", got)
	}
}

// groups are calls that come together, for each function; those about all functions
// come once.
var groups = map[string][]string{
	"new-alias":  {"GetPolicy", "GetPolicy", "ListFunctionEventInvokeConfigs", "ListFunctionUrlConfigs", "ListProvisionedConcurrencyConfigs"},
	"belongings": {"GetFunctionUrlConfig", "GetPolicy", "ListFunctionEventInvokeConfigs", "ListProvisionedConcurrencyConfigs"},
}

// wantCalls compares the calls since the last time as a set: the program makes some
// of them concurrently.
func wantCalls(ts *testscript.TestScript, s *scene, args []string) {
	var got, want []string
	for _, c := range s.Calls() {
		got = append(got, c.Operation)
	}
	for _, arg := range args {
		n, operation, repeated := strings.Cut(arg, "*")
		if !repeated {
			n, operation = "1", arg
		}
		for range number(ts, n) {
			if group := groups[operation]; group != nil {
				want = append(want, group...)
			} else {
				want = append(want, operation)
			}
		}
		if groups[operation] != nil {
			want = append(want, "ListEventSourceMappings")
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		ts.Fatalf("calls %v, want %v", got, want)
	}
	s.ResetCalls()
}

// wantReads allows, beside reads, the dry runs that Lambda itself has; that of an
// invocation has no payload.
func wantReads(ts *testscript.TestScript, s *scene, _ []string) {
	reads := regexp.MustCompile(`^(Get|Head|List|Describe|BatchGet)`)
	for _, c := range s.Calls() {
		asks := strings.Contains(string(c.Body), `"DryRun":true`) || c.Operation == "Invoke" && len(c.Body) == 0
		if !reads.MatchString(c.Operation) && !asks {
			ts.Fatalf("%s of %s is no read", c.Operation, c.Function)
		}
	}
	s.ResetCalls()
}

// patience is how long a script waits for something to happen.
const patience = 20 * time.Second

func await(ts *testscript.TestScript, s *scene, args []string) {
	awaitThat(ts, s, args, func(localaws.Call) bool { return true })
}

func awaitThat(ts *testscript.TestScript, s *scene, args []string, counts func(localaws.Call) bool) {
	operation, function, _ := strings.Cut(args[0], ":")
	want := 1
	if len(args) > 1 {
		want = number(ts, args[1])
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		n := 0
		for _, c := range s.Calls() {
			if c.Operation == operation && (function == "" || function == c.Function) && counts(c) {
				n++
			}
		}
		if n >= want {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%d of %d calls %s after %s", n, want, args[0], patience)
		}
	}
}
