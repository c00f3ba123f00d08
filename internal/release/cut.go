package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// retention is which versions a prune keeps although nothing refers to them. The zero
// retention is of no prune.
type retention struct {
	newest int  // so many,
	days   int  // and those that may be younger; 0: only those of the last hour
	fresh  bool // one of the newest is not published yet
}

func (req Request) retention() retention { return retention{newest: req.Keep, days: req.KeepDays} }

// prunes reports whether anything is deleted at all.
func (r retention) prunes() bool { return r.newest > 0 }

// beforePublish is r while the newest version is not published yet.
func (r retention) beforePublish() retention {
	r.fresh = true
	return r
}

// youngAge is how old a version is at least before it is deleted: another run may
// have published it and be testing it, before any alias refers to it.
const youngAge = time.Hour

// age is how old a version is at least before it is deleted, and that in words.
func (r retention) age() (atLeast time.Duration, words string) {
	switch {
	case r.days > 1:
		return time.Duration(r.days) * 24 * time.Hour, fmt.Sprintf("%d days", r.days)
	case r.days == 1:
		return 24 * time.Hour, "a day"
	}
	return youngAge, "an hour"
}

// cut is what a prune makes of the versions of a function. It is a value.
type cut struct {
	retention retention
	newest    []awsapi.Configuration // these stay because they are the newest,
	kept      []kept                 // these for other reasons,
	doomed    []awsapi.Configuration // and these are deleted, oldest first
}

// kept are versions that stay for the same reasons.
type kept struct {
	why      string
	versions []awsapi.Configuration
}

// cut sorts the versions into those that stay and those that are deleted, as far as
// f knows what refers to them.
func (f Facts) cut(r retention) cut {
	count := r.newest
	if r.fresh {
		count--
	}
	older := max(0, len(f.Existing)-count)
	c := cut{retention: r, newest: f.Existing[older:]}
	atLeast, words := r.age()
	for i, v := range f.Existing[:older] {
		switch why := f.Usage.why(v.Version); {
		case len(why) > 0:
			c = c.keeping(v, strings.Join(why, ", "))
		case f.mayBeYounger(i, atLeast):
			c = c.keeping(v, "may be younger than "+words)
		default:
			c.doomed = append(c.doomed, v)
		}
	}
	return c
}

func (c cut) keeping(v awsapi.Configuration, why string) cut {
	c.kept = slices.Clone(c.kept)
	i := slices.IndexFunc(c.kept, func(k kept) bool { return k.why == why })
	if i < 0 {
		c.kept = append(c.kept, kept{why, []awsapi.Configuration{v}})
	} else {
		c.kept[i].versions = append(c.kept[i].versions, v)
	}
	return c
}

// mayBeYounger reports whether the i-th of the existing versions may have been
// published less than so long before they were read. The LastModified of a version is
// $LATEST's last write before the publish (fact V19b2), so a version was published
// before the next one's LastModified, and perhaps long after its own.
func (f Facts) mayBeYounger(i int, age time.Duration) bool {
	if i == len(f.Existing)-1 {
		return true // when the newest was published is not known
	}
	latest, err := time.Parse(modifiedTime, f.Existing[i+1].LastModified)
	return err != nil || f.ReadAt.Sub(latest) < age
}

// stock is how many versions there are.
func (c cut) stock() int {
	n := len(c.newest) + len(c.doomed)
	for _, k := range c.kept {
		n += len(k.versions)
	}
	return n
}

// words say what the prune does, a sentence each.
func (c cut) words() []string {
	var w words
	snapshots := ""
	if n := snapStarts(c.doomed); n > 0 {
		snapshots = fmt.Sprintf(", %d of them with SnapStart", n)
	}
	stock := c.stock()
	if c.retention.fresh {
		stock++
	}
	w.addIf(len(c.doomed) > 0, "delete %d of %d versions (%s), %s of code%s", len(c.doomed), stock, listed(c.doomed), Size(bytesOf(c.doomed)), snapshots)
	w.addIf(len(c.doomed) == 0, "delete none of %s", counted(stock))
	return append(w, c.keeps()...)
}

// keeps says why the other versions stay, and what they cost.
func (c cut) keeps() []string {
	var w words
	stay, numbers := c.newest, listed(c.newest)
	switch {
	case c.retention.fresh && len(stay) > 0:
		w.add("keep the newest %d (%s and the new one)", len(stay)+1, numbers)
	case len(stay) > 0:
		w.add("keep the newest %d (%s)", len(stay), numbers)
	}
	var groups []string
	for _, k := range c.kept {
		groups = append(groups, listed(k.versions)+": "+k.why)
		stay = slices.Concat(stay, k.versions)
	}
	w.addIf(len(groups) > 0, "keep %s", strings.Join(groups, "; "))
	n := snapStarts(stay)
	w.addIf(n > 0, "%d of the versions that stay have SnapStart, which costs money while they exist", n)
	return w
}

// snapStarts is how many of the versions have SnapStart.
func snapStarts(versions []awsapi.Configuration) int {
	n := 0
	for _, v := range versions {
		if v.SnapStart {
			n++
		}
	}
	return n
}

// counted is `1 version` or `3 versions`.
func counted(n int) string {
	if n == 1 {
		return "1 version"
	}
	return fmt.Sprintf("%d versions", n)
}

// listed is `1 to 3, 5, 7 to 9`.
func listed(versions []awsapi.Configuration) string {
	var parts []string
	for i := 0; i < len(versions); {
		first := numberOf(versions[i])
		last := first
		for i++; i < len(versions) && versions[i].Version == (last+1).String(); i++ {
			last++
		}
		switch last - first {
		case 0:
			parts = append(parts, first.String())
		case 1:
			parts = append(parts, first.String(), last.String())
		default:
			parts = append(parts, fmt.Sprintf("%s to %s", first, last))
		}
	}
	return strings.Join(parts, ", ")
}

// Size is a size of code as people read it.
func Size(bytes int64) string {
	switch megabytes := float64(bytes) / 1e6; {
	case bytes == 0:
		return "0 MB"
	case megabytes < 0.1:
		return "under 0.1 MB"
	default:
		return fmt.Sprintf("%.1f MB", megabytes)
	}
}

// bytesOf is the size of the versions' code.
func bytesOf(versions []awsapi.Configuration) int64 {
	var bytes int64
	for _, v := range versions {
		bytes += v.CodeBytes
	}
	return bytes
}
