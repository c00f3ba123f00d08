package localaws

import "time"

// date returns the time at which what is written now counts as written: in
// LastModified and in other times that calls show. Nothing else depends on it.
func (s *store) date() time.Time { return time.Now().Add(-s.age) }

// Age makes a function, and all of its versions, older than they are.
func (c *Cloud) Age(name string, by time.Duration) {
	c.on(name, func(f *function) {
		f.latest.modified = f.latest.modified.Add(-by)
		for _, v := range f.versions {
			v.modified = v.modified.Add(-by)
		}
	})
}
