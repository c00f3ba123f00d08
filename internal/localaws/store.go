package localaws

import (
	"sync"
	"time"
)

// store is what the account holds. All services work on this one, under its lock.
type store struct {
	account string
	region  string // of what Go code seeds
	settle  time.Duration
	now     func() time.Time

	mu          sync.Mutex
	functions   map[string]*function // by unqualified ARN
	numbers     map[string]int       // highest version number ever given, by unqualified ARN: outlives the function (V18)
	codeStorage int64                // limit in bytes, 0: none
	buckets     map[string]bucket    // of S3

	alarms  map[place]*alarm  // by name
	metrics map[string]series // by metricKey

	applications map[place]*application       // of CodeDeploy
	configs      map[string]*deploymentConfig // by name
	deployments  []*deployment                // in order of their creation

	roles    map[string]*Role    // by ARN
	sessions map[string]*session // by access key id

	apis map[place]*api // of API Gateway, by id
}

func newStore(o Options) *store {
	return &store{
		account:   o.Account,
		region:    o.Region,
		settle:    o.Settle,
		now:       o.Now,
		functions: map[string]*function{},
		numbers:   map[string]int{},
		buckets:   map[string]bucket{},

		alarms:  map[place]*alarm{},
		metrics: map[string]series{},

		applications: map[place]*application{},
		configs:      predefined(o.Now()),

		roles:    map[string]*Role{},
		sessions: map[string]*session{},

		apis: map[place]*api{},
	}
}

// function finds a function as it is by now; nil if there is none. A deployment
// may have moved its aliases.
func (s *store) function(arn string) *function {
	s.deploy()
	f := s.functions[arn]
	if f != nil {
		f.settle(s.now())
	}
	return f
}

// storedCode is how many bytes of zipped code the account holds: every version
// keeps its own copy.
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

// room tells whether so much more code fits (V19).
func (s *store) room(bytes int64) error {
	if s.codeStorage > 0 && s.storedCode()+bytes > s.codeStorage {
		return &apiError{400, "CodeStorageExceededException", "Code storage limit exceeded."}
	}
	return nil
}
