// Package function identifies a Lambda function, by its name or its ARN.
package function

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ID is a function's identity. Region, Account and Partition are "" while they are
// not known: a name has none of them, a partial ARN the account, an ARN all three.
type ID struct {
	Name      string // the short name, for people and outputs
	Region    string // eu-central-1
	Account   string // 12 digits
	Partition string // aws, aws-cn, aws-us-gov, …
	Given     string // name, partial ARN or ARN: the FunctionName of a call
}

// The parts of an ARN, as regular expressions without groups.
const (
	PartitionPattern = `aws(?:-[a-z]+)*`
	// RegionPattern matches eu-central-1, us-gov-west-1, us-isob-east-1 and
	// eusc-de-east-1.
	RegionPattern  = `[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}`
	AccountPattern = `[0-9]{12}`

	namePattern = `[a-zA-Z0-9_-]{1,64}` // https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
)

var (
	partition = regexp.MustCompile(`^` + PartitionPattern + `$`)
	region    = regexp.MustCompile(`^` + RegionPattern + `$`)
	account   = regexp.MustCompile(`^` + AccountPattern + `$`)
	shortName = regexp.MustCompile(`^` + namePattern + `$`)

	qualifierPattern = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9_-]{1,128})$`)

	functionARN = regexp.MustCompile(`\barn:(` + PartitionPattern + `):lambda:(` + RegionPattern + `):(` + AccountPattern + `):function:(` + namePattern + `)`)
)

// IsRegion reports whether name has the form of a region's. Which regions
// exist is not checked: AWS opens new ones.
func IsRegion(name string) bool { return region.MatchString(name) }

// Parse reads a name, a partial ARN or an ARN, without a version or an alias.
// The error says what is wrong and does not repeat given.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
func Parse(given string) (ID, error) {
	id, qualifier, err := split(given)
	if err == nil && id.Given != given {
		return ID{}, fmt.Errorf("%.80q is a version or an alias: put the alias in `alias`, and leave it out here", qualifier)
	}
	return id, err
}

// ParseQualified is Parse for a name or an ARN that may end with a version or an
// alias; qualifier is "" if it does not. The Given of the ID is without it.
func ParseQualified(given string) (id ID, qualifier string, err error) {
	id, qualifier, err = split(given)
	if err == nil && id.Given != given && !qualifierPattern.MatchString(qualifier) {
		return ID{}, "", fmt.Errorf("%.80q is not a version or an alias, which is a number, $LATEST, or 1 to 128 of a-z, A-Z, 0-9, - and _", qualifier)
	}
	return id, qualifier, err
}

// split parses a name or an ARN, and cuts what may be a version or an alias.
func split(given string) (id ID, qualifier string, err error) {
	id = ID{Given: given}
	parts := strings.Split(given, ":")
	qualified := false
	switch {
	case len(parts) == 2 && account.MatchString(parts[0]):
		return ID{}, "", errors.New("neither a name nor a partial ARN, which has function: after the account")
	case len(parts) <= 2:
		id.Name, qualified = parts[0], len(parts) == 2
	case len(parts) <= 4 && parts[1] == "function":
		id.Account, id.Name, qualified = parts[0], parts[2], len(parts) == 4
	case (len(parts) == 7 || len(parts) == 8) && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		id.Partition, id.Region, id.Account, id.Name = parts[1], parts[3], parts[4], parts[6]
		qualified = len(parts) == 8
		if !partition.MatchString(id.Partition) {
			return ID{}, "", fmt.Errorf("%.80q is not a partition such as aws, aws-cn or aws-us-gov", id.Partition)
		}
		if !IsRegion(id.Region) {
			return ID{}, "", fmt.Errorf("%.80q is not a region such as eu-central-1", id.Region)
		}
	default:
		return ID{}, "", errors.New("neither a name nor the ARN of a function")
	}
	switch {
	case len(parts) > 2 && !account.MatchString(id.Account):
		return ID{}, "", fmt.Errorf("%.80q is not an account id, which is 12 digits", id.Account)
	case len(id.Name) > 64:
		return ID{}, "", fmt.Errorf("a name of %d characters is too long: a function's name has at most 64", len(id.Name))
	case !shortName.MatchString(id.Name):
		return ID{}, "", fmt.Errorf("%.80q is not the name of a function, which is 1 to 64 of a-z, A-Z, 0-9, - and _", id.Name)
	case qualified:
		qualifier = parts[len(parts)-1]
		id.Given = strings.TrimSuffix(given, ":"+qualifier)
	}
	return id, qualifier, nil
}

// Find returns the function whose ARN, qualified or not, is the first in text;
// a message of AWS's, for example. Its Given is that ARN, unqualified.
func Find(text string) (ID, bool) {
	m := functionARN.FindStringSubmatch(text)
	if m == nil {
		return ID{}, false
	}
	return ID{Partition: m[1], Region: m[2], Account: m[3], Name: m[4], Given: m[0]}, true
}

// MayBe reports whether both can be the same function, as far as they are known.
func (id ID) MayBe(other ID) bool {
	agree := func(a, b string) bool { return a == "" || b == "" || a == b }
	return id.Name == other.Name && agree(id.Region, other.Region) && agree(id.Account, other.Account) && agree(id.Partition, other.Partition)
}

// In returns id with this region, and its partition, where id has none.
func (id ID) In(region string) ID {
	id.Region = cmp.Or(id.Region, region)
	id.Partition = cmp.Or(id.Partition, PartitionOf(id.Region))
	return id
}

// Resolved returns id with the region, account and partition of the ARN that
// AWS answered for it, qualified or not; unchanged if arn is not a function's.
func (id ID) Resolved(arn string) ID {
	answered, ok := Find(arn)
	if !ok {
		return id
	}
	answered.Given = id.Given
	return answered
}

// UnknownAccount stands in an ARN for an account that is not known, to be
// replaced by hand: Lambda takes no wildcard there.
// https://docs.aws.amazon.com/lambda/latest/dg/security_iam_id-based-policy-examples.html
const UnknownAccount = "ACCOUNT-ID"

// ARN is the function's ARN, unqualified, with UnknownAccount and REGION for
// what is not known.
func (id ID) ARN() string {
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", cmp.Or(id.Partition, PartitionOf(id.Region)),
		cmp.Or(id.Region, "REGION"), cmp.Or(id.Account, UnknownAccount), id.Name)
}

// Unqualified is an ARN of a function, version or alias without its qualifier.
func Unqualified(arn string) string {
	if parts := strings.SplitN(arn, ":", 8); len(parts) == 8 {
		return strings.Join(parts[:7], ":")
	}
	return arn
}

// QualifierOf is the version or alias at the end of an ARN, "" if it has none.
func QualifierOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 8); len(parts) == 8 {
		return parts[7]
	}
	return ""
}

// PartitionOf is the partition of a region. Those of the isolated and
// sovereign clouds are known only from an ARN.
func PartitionOf(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
}

// partitions are those but aws, by how the names of their regions begin.
var partitions = []struct{ prefix, name string }{
	{"cn-", "aws-cn"},
	{"us-gov-", "aws-us-gov"},
	{"eusc-", "aws-eusc"},
	{"us-iso-", "aws-iso"},
	{"us-isob-", "aws-iso-b"},
	{"eu-isoe-", "aws-iso-e"},
	{"us-isof-", "aws-iso-f"},
}
