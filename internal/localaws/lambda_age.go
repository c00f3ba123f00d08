package localaws

import "time"

// Age makes a function, and all of its versions, older than they are.
func (c *Cloud) Age(name string, by time.Duration) {
	c.on(name, func(f *function) {
		f.latest.modified = f.latest.modified.Add(-by)
		for _, v := range f.versions {
			v.modified = v.modified.Add(-by)
		}
	})
}
