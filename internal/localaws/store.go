package localaws

import (
	"cmp"
	"net/http"
	"sync"
	"time"
)

// store is the state of the account. All services share it, under its lock.
type store struct {
	account      string
	region       string // of the resources that Go code adds
	settle       time.Duration
	provisioning time.Duration
	stale        time.Duration
	notYet       time.Duration
	age          time.Duration

	mu           sync.Mutex
	seeding      bool                 // Go code writes
	functions    map[string]*function // by unqualified ARN
	numbers      map[string]int       // last version number of deleted functions, by unqualified ARN (V18)
	eventSources []*eventSource
	signing      map[string]*codeSigning // by ARN
	codeStorage  int64                   // limit in bytes, 0: none
	buckets      map[string]*bucket      // of S3, by name
	secret       string                  // that the Locations of code are signed with

	alarms    map[place]*alarm   // by name
	evaluated time.Time          // when alarms were last evaluated, a whole minute
	metrics   map[string]*metric // by metricKey
	delays    []delay            // of metrics
	traffic   []*traffic

	applications map[place]*application       // of CodeDeploy
	configs      map[string]*deploymentConfig // by name
	deployments  []*deployment                // in order of creation

	deploymentWaits [2]time.Duration // set by DelayDeployments

	roles     map[string]*Role     // by ARN
	newRoles  map[string]time.Time // from when on Lambda can assume a role, by ARN; others at once
	providers []string             // issuers; none: every issuer has one
	sessions  map[string]*session  // by access key id
	everyone  *IAMPolicy           // of callers that have no other; nil: everything is allowed
	decisions []Decision           // of IAM

	apis map[place]*api // of API Gateway, by id
}

func newStore(o Options) *store {
	return &store{
		account:      o.Account,
		region:       o.Region,
		settle:       o.Settle,
		provisioning: cmp.Or(o.Provisioning, o.Settle),
		stale:        o.Stale,
		notYet:       o.NotYet,
		age:          o.Age,
		functions:    map[string]*function{},
		numbers:      map[string]int{},
		signing:      map[string]*codeSigning{},
		buckets:      map[string]*bucket{},
		secret:       newID(),

		alarms:    map[place]*alarm{},
		evaluated: time.Now().Truncate(time.Minute),
		metrics:   map[string]*metric{},

		applications: map[place]*application{},
		configs:      predefined(time.Now()),

		deploymentWaits: [2]time.Duration{o.Settle, 0},

		roles:    map[string]*Role{},
		newRoles: map[string]time.Time{},
		sessions: map[string]*session{},

		apis: map[place]*api{},
	}
}

// advance brings the account up to date. In order of time it takes the due steps of
// deployments, evaluates the alarms on metrics every minute, and plays traffic up to
// each of these, since a step changes the routing weights.
func (s *store) advance() {
	now := time.Now()
	for s.watching() {
		minute := s.evaluated.Add(time.Minute)
		if minute.After(now) {
			break
		}
		s.deploy(minute)
		s.play(minute)
		s.evaluated = minute
		s.watchMetrics(minute)
	}
	s.evaluated = now.Truncate(time.Minute)
	s.deploy(now)
	s.play(now)
}

// function returns a function in its current state, nil if there is none.
// Deployments may have moved its aliases.
func (s *store) function(arn string) *function {
	s.advance()
	f := s.functions[arn]
	if f != nil {
		f.settle(time.Now())
	}
	return f
}

// storedCode returns the size in bytes of the account's zipped code. Every version
// has its own copy.
func (s *store) storedCode() int64 {
	var total int64
	for _, f := range s.functions {
		total += f.latest.codeSize()
		for _, v := range f.versions {
			total += v.codeSize()
		}
	}
	return total
}

// checkStorage refuses code that exceeds the code storage limit (V19).
func (s *store) checkStorage(bytes int64) error {
	if s.codeStorage > 0 && s.storedCode()+bytes > s.codeStorage {
		return &apiError{http.StatusBadRequest, "CodeStorageExceededException", "Code storage limit exceeded."}
	}
	return nil
}
