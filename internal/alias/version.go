package alias

import (
	"fmt"
	"strconv"
)

// Version is a Lambda version number, 1 and up. Lambda never reuses one, also
// not after a delete, so a larger number is a later publish.
type Version int64

const (
	// None is no version: the alias does not exist, nothing was published.
	None Version = 0
	// Latest is $LATEST, the unpublished code. It is older than every number.
	Latest Version = -1
	// LatestPublished is $LATEST.PUBLISHED, which functions on Lambda Managed Instances
	// have instead of numbers. It can be published anew, so it is no released version.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html
	LatestPublished Version = -2
)

// Numbered reports whether the version has a number, so that it never changes.
func (v Version) Numbered() bool { return v > None }

// String gives the version as AWS writes it, "" for None.
func (v Version) String() string {
	switch v {
	case None:
		return ""
	case Latest:
		return "$LATEST"
	case LatestPublished:
		return "$LATEST.PUBLISHED"
	default:
		return strconv.FormatInt(int64(v), 10)
	}
}

// ParseVersion reads a version as AWS writes it: digits, $LATEST or $LATEST.PUBLISHED.
func ParseVersion(s string) (Version, error) {
	for _, v := range []Version{Latest, LatestPublished} {
		if s == v.String() {
			return v, nil
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || s[0] == '+' || s[0] == '0' {
		return None, fmt.Errorf("%q is not a Lambda version: a number from 1, or $LATEST", s)
	}
	return Version(n), nil
}
