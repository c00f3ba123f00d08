package input

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
var (
	rolePattern    = regexp.MustCompile(`^arn:` + function.PartitionPattern + `:iam::` + function.AccountPattern + `:role/[\w+=,.@/-]{1,576}$`)
	sessionPattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

var webToken = regexp.MustCompile(`^eyJ[\w-]*\.[\w-]*\.[\w-]*$`)

// parseTokenFile refuses the token in place of its file, before it gets into a message.
func parseTokenFile(in *Input, value string) Problems {
	if webToken.MatchString(value) {
		return bad("an OIDC token, and not the file that it is in")
	}
	in.TokenFile = value
	return nil
}

const (
	minSession = 900 // seconds
	maxSession = 43200
)

func parseRole(in *Input, value string) Problems {
	if !rolePattern.MatchString(value) {
		return bad("not the ARN of a role")
	}
	in.Role = value
	return nil
}

func parseSessionName(in *Input, value string) Problems {
	if !sessionPattern.MatchString(value) {
		return bad("not a name for a session")
	}
	in.SessionName = value
	return nil
}

func parseSessionSeconds(in *Input, value string) Problems {
	n, err := strconv.Atoi(value)
	if err != nil || n < minSession || n > maxSession {
		return bad("not a whole number from 900 to 43200")
	}
	in.SessionTime = time.Duration(n) * time.Second
	return nil
}

// parseRoleChain reads an ARN a line.
func parseRoleChain(in *Input, value string) Problems {
	var problems Problems
	for _, arn := range lines.All(value) {
		switch {
		case !rolePattern.MatchString(arn):
			problems = append(problems, Problem{Value: arn, What: "not the ARN of a role"})
		case slices.Contains(in.RoleChain, arn):
			problems = append(problems, Problem{Value: arn, What: "given twice"})
		default:
			in.RoleChain = append(in.RoleChain, arn)
		}
	}
	return problems
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
var externalIDPattern = regexp.MustCompile(`^[\w+=,.@:/-]+$`)

const maxExternalID = 1224 // characters

func parseExternalID(in *Input, value string) Problems {
	if len(value) < 2 || len(value) > maxExternalID || !externalIDPattern.MatchString(value) {
		return bad("not an external ID")
	}
	in.ExternalID = value
	return nil
}

var accountPattern = regexp.MustCompile(`^` + function.AccountPattern + `$`)

// parseAccounts reads account IDs by line or comma.
func parseAccounts(in *Input, value string) Problems {
	var problems Problems
	for _, account := range entries(value) {
		if !accountPattern.MatchString(account) {
			problems = append(problems, Problem{Value: account, What: "not an account ID"})
		}
		in.Accounts = append(in.Accounts, account)
	}
	if len(problems) == 0 && len(in.Accounts) == 0 {
		return bad("it names no account")
	}
	return problems
}

// Roles are the ARNs of the roles to assume, one after the other.
func (in Input) Roles() []string {
	if in.Role == "" {
		return in.RoleChain
	}
	return append([]string{in.Role}, in.RoleChain...)
}

// Account is the account of the last role, whose credentials are used; "" without a role.
func (in Input) Account() string {
	roles := in.Roles()
	if len(roles) == 0 {
		return ""
	}
	return roleAccount(roles[len(roles)-1])
}

// rolePartition and roleAccount are parts of the ARN of a role.
func rolePartition(arn string) string { return strings.Split(arn, ":")[1] }
func roleAccount(arn string) string   { return strings.Split(arn, ":")[4] }

// credentials checks the inputs of credentials against each other.
func (c *checks) credentials() {
	in := c.in
	noRole := in.Role == "" && !c.alreadyReported("role-to-assume")
	noChain := len(in.RoleChain) == 0 && !c.alreadyReported("role-chain")
	if in.TokenFile != "" && noRole {
		c.needs("role-to-assume", "web-identity-token-file has the token for it: give the ARN of the role")
	}
	if in.Audience != "" && noRole {
		c.needs("role-to-assume", "audience is that of the token for it: give the ARN of the role")
	}
	c.refuse("audience", in.Audience != "" && in.TokenFile != "", in.Audience, "web-identity-token-file", "the token in the file has its audience: leave audience empty")
	if in.ExternalID != "" && noChain {
		c.needs("role-chain", "external-id is for the last role in it, since a role that is assumed with an OIDC token takes none")
	}
	c.refuse("least-privilege-session", in.LeastPrivilege && noRole && noChain, "", "the environment's credentials",
		"a session can be limited only when a role is assumed: give role-to-assume or role-chain")
	c.restored()
	c.partitions()
	c.accounts()
}

// restored refuses a limited session where it is not known beforehand what is restored.
func (c *checks) restored() {
	for _, settings := range c.in.Configuration {
		for _, key := range []string{"Role", "Layers", "KMSKeyArn"} {
			if c.in.LeastPrivilege && c.in.RestoreLatest && settings.Has(key) {
				c.refuse("least-privilege-session", true, "", "restore-latest", "the "+key+" that would be restored is not known when the session begins: leave one of the two out")
				return
			}
		}
	}
}

// partitions checks that all is in one partition: credentials of one do not work in
// another.
func (c *checks) partitions() {
	in := c.in
	roles := in.Roles()
	if len(roles) == 0 {
		return
	}
	partition, with := rolePartition(roles[0]), "the partition of "+roles[0]
	if in.Region != "" {
		partition, with = function.PartitionOf(in.Region), "the region "+in.Region
	}
	for i, arn := range roles {
		name := "role-chain"
		if i == 0 && in.Role != "" {
			name = "role-to-assume"
		}
		c.refuse(name, rolePartition(arn) != partition, arn, with, fmt.Sprintf("it is in the partition %s, and credentials work in one partition only", rolePartition(arn)))
	}
}

// accounts checks the accounts that are known without a call.
func (c *checks) accounts() {
	in := c.in
	if len(in.Accounts) == 0 || c.alreadyReported("allowed-account-ids") {
		return
	}
	refuse := func(name, value, account string) {
		c.refuse(name, account != "" && !slices.Contains(in.Accounts, account), value, "allowed-account-ids", fmt.Sprintf("it is of account %s, and only %s %s allowed", account, and(in.Accounts), isOrAre(in.Accounts)))
	}
	for _, fn := range in.Functions {
		refuse("function-name", fn.Given, fn.Account)
	}
	roles := in.Roles()
	switch {
	case len(in.RoleChain) > 0:
		refuse("role-chain", roles[len(roles)-1], in.Account())
	case in.Role != "":
		refuse("role-to-assume", in.Role, in.Account())
	}
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return "is"
	}
	return "are"
}
