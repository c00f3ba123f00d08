package localaws

import "time"

// NewRole makes an execution role one that Lambda can assume only after a time, as a role
// that was just created: IAM is eventually consistent.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func (c *Cloud) NewRole(arn string, after time.Duration) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.newRoles[arn] = time.Now().Add(after)
}

// checkRole refuses a role that Lambda cannot assume; nil was omitted.
func (s *store) checkRole(arn *string) error {
	if arn != nil && time.Now().Before(s.newRoles[*arn]) {
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}
