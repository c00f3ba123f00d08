package localaws

import "time"

// status is a State or a LastUpdateStatus with its reason.
type status struct {
	value  string
	code   string
	reason string
}

var (
	active     = status{value: "Active"}
	successful = status{value: "Successful"}
	creating   = status{"Pending", "Creating", "The function is being created."}
	updating   = status{"InProgress", "Creating", "The function is being created."}
	restoring  = status{"Pending", "Restoring", "The function is being restored."}
)

// settling is a pending change of the state of a version.
type settling struct {
	at     time.Time
	state  status
	update status
	revise bool // the change gives a new RevisionId (V1, V2)
}

// settle applies the changes that are due by now.
func (f *function) settle(now time.Time) {
	f.latest.settle(now)
	for _, v := range f.versions {
		v.settle(now)
	}
	f.settleProvisioned(now)
}

func (v *version) settle(now time.Time) {
	if s := v.settling; s != nil && !now.Before(s.at) {
		v.state, v.update, v.settling = s.state, s.update, nil
		if s.revise {
			v.revision = newID()
		}
	}
}
