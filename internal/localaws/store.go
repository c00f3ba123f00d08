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

	mu           sync.Mutex
	seeding      bool                 // Go code writes
	functions    map[string]*function // by unqualified ARN
	numbers      map[string]int       // last version number of deleted functions, by unqualified ARN (V18)
	eventSources []*eventSource
	codeStorage  int64             // limit in bytes, 0: none
	buckets      map[string]bucket // of S3, by name

	alarms  map[place]*alarm             // by name
	metrics map[string]map[string]series // by metricKey, then by unit

	applications map[place]*application       // of CodeDeploy
	configs      map[string]*deploymentConfig // by name
	deployments  []*deployment                // in order of creation

	deploymentWaits [2]time.Duration // set by DelayDeployments

	roles     map[string]*Role    // by ARN
	providers []string            // issuers; none: every issuer has one
	sessions  map[string]*session // by access key id

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
		functions:    map[string]*function{},
		numbers:      map[string]int{},
		buckets:      map[string]bucket{},

		alarms:  map[place]*alarm{},
		metrics: map[string]map[string]series{},

		applications: map[place]*application{},
		configs:      predefined(time.Now()),

		deploymentWaits: [2]time.Duration{o.Settle, 0},

		roles:    map[string]*Role{},
		sessions: map[string]*session{},

		apis: map[place]*api{},
	}
}

// function returns a function in its current state, nil if there is none.
// Deployments may have moved its aliases.
func (s *store) function(arn string) *function {
	s.deploy()
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
