package release

import (
	"cmp"
	"maps"
	"math"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// unknownVersion is the version that a dry run would publish: newer than any.
const unknownVersion alias.Version = math.MaxInt64

// Facts is what an operation knows about a function beside the alias in
// question. It is a value: what is learned makes a new one.
type Facts struct {
	Version   alias.Version        // the version in question; None while there is none
	Config    awsapi.Configuration // that version, or what would be published as it
	Published bool                 // this run made Version
	ARN       string               // of the function without qualifier, "" while unknown

	Named    alias.Version                          // the version that a person has named; None: none
	Aliases  map[string]alias.State                 // all of the function; nil: not read
	Versions map[alias.Version]awsapi.Configuration // rollback: those that were looked at
	Missing  map[alias.Version]bool                 // rollback: those that no longer exist
	Existing []awsapi.Configuration                 // prune: all published versions, oldest first,
	ReadAt   time.Time                              // at this time,
	Usage    usage                                  // and what refers to them, as far as it was read

	Deployment awsapi.Deployment // that its history names; zero without one

	Belongings belongings // delete-alias: what AWS keeps of the alias beside itself

	// Of a release:
	Left awsapi.Configuration // the version that a rollback left; zero if it does not matter

	// Of a dry run of a release:
	Created    []string             // what the function is created with, in words; nil: it exists
	Configured []string             // how its configuration changes $LATEST, in words
	Upload     string               // the package, in words; "" without code
	Uploaded   bool                 // $LATEST has that code already
	Serving    awsapi.Configuration // the version that the alias points to
}

// about is f with the version in question.
func (f Facts) about(v alias.Version, c awsapi.Configuration) Facts {
	f.Version = v
	return f.withConfig(c)
}

// withConfig is f with the configuration of the version in question.
func (f Facts) withConfig(c awsapi.Configuration) Facts {
	f.Config, f.ARN = c, function.Unqualified(c.ARN)
	return f
}

// naming is f with the version that a person has named.
func (f Facts) naming(v alias.Version) Facts {
	f.Named = v
	return f
}

// withAliases is f with the function's aliases.
func (f Facts) withAliases(aliases map[string]alias.State) Facts {
	f.Aliases = aliases
	return f
}

// withInventory is f with everything that the function has.
func (f Facts) withInventory(versions []awsapi.Configuration, aliases map[string]alias.State, now time.Time) Facts {
	f.Existing, f.Aliases, f.ReadAt, f.Usage = versions, aliases, now, usedByAliases(aliases)
	if len(versions) > 0 {
		f.ARN = function.Unqualified(versions[0].ARN)
	}
	return f
}

// withARN is f with the function's ARN, if no version has shown it.
func (f Facts) withARN(arn string) Facts {
	f.ARN = cmp.Or(f.ARN, function.Unqualified(arn))
	return f
}

// withUsage is f with what else refers to its versions.
func (f Facts) withUsage(u usage) Facts {
	f.Usage = f.Usage.and(u)
	return f
}

// withServing is f with the version that the alias points to.
func (f Facts) withServing(c awsapi.Configuration) Facts {
	f.Serving = c
	return f
}

// withDeployment is f with the deployment that the alias's history names.
func (f Facts) withDeployment(d awsapi.Deployment) Facts {
	f.Deployment = d
	return f
}

// withBelongings is f with what belongs to the alias.
func (f Facts) withBelongings(b belongings) Facts {
	f.Belongings = b
	return f
}

// configuring is f of a dry run that would change $LATEST so.
func (f Facts) configuring(words []string) Facts {
	f.Configured = words
	return f
}

// creating is f of a dry run that would create the function with that.
func (f Facts) creating(words []string) Facts {
	f.Created = words
	return f
}

// uploading is f of a dry run with a package, which $LATEST may have already.
func (f Facts) uploading(pack string, there bool) Facts {
	f.Upload, f.Uploaded = pack, there
	return f
}

// withLeft is f with the version that a rollback left.
func (f Facts) withLeft(c awsapi.Configuration) Facts {
	f.Left = c
	return f
}

// withVersion is f with a version that was read.
func (f Facts) withVersion(v alias.Version, c awsapi.Configuration) Facts {
	f.Versions = maps.Clone(f.Versions)
	if f.Versions == nil {
		f.Versions = map[alias.Version]awsapi.Configuration{}
	}
	f.Versions[v] = c
	return f
}

// withoutVersion is f with a version that does not exist.
func (f Facts) withoutVersion(v alias.Version) Facts {
	f.Missing = maps.Clone(f.Missing)
	if f.Missing == nil {
		f.Missing = map[alias.Version]bool{}
	}
	f.Missing[v] = true
	return f
}
