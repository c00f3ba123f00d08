package localaws

import "time"

// SetBusy makes writes answer 409 "An update is in progress" for so long: those of
// an alias or version (A20), or of the function itself if qualifier is "" (V19a).
// No read shows it. The alias need not exist.
func (c *Cloud) SetBusy(name, qualifier string, busy time.Duration) {
	c.on(name, func(f *function) { f.busy[qualifier] = time.Now().Add(busy) })
}

// idle refuses to write while SetBusy forbids it.
func (f *function) idle(qualifier string) error {
	if time.Now().Before(f.busy[qualifier]) {
		return updateInProgress(qualified(f.arn, qualifier))
	}
	return nil
}

func updateInProgress(arn string) error {
	return conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", arn)
}
