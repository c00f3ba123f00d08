package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// principal matches what AddPermission takes. A role or user that was deleted is
// shown as an ID, which it does not take.
var principal = regexp.MustCompile(`^(\*|[0-9]{12}|arn:.+)$`)

// statementIDs matches the IDs that AddPermission takes. Statements may have others.
var statementIDs = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,100}$`)

// Copyable returns the permissions to invoke of a policy, and the IDs of the statements
// that AddPermission cannot make. What is about function URLs is left out of both:
// a URL has its own permissions.
func Copyable(policy awsapi.Policy) (permissions []awsapi.Permission, others []string) {
	for _, p := range policy.Permissions {
		switch {
		case p.URLAuth != "" || p.ViaURL || p.Action == "lambda:InvokeFunctionUrl":
		case p.Opaque, p.Action != "lambda:InvokeFunction", p.Service == "" && !principal.MatchString(p.AWS):
			others = append(others, p.ID)
		default:
			permissions = append(permissions, p)
		}
	}
	return permissions, others
}

// Missing returns those of the permissions that a policy does not have, under any ID.
func Missing(policy awsapi.Policy, permissions []awsapi.Permission) []awsapi.Permission {
	has := map[awsapi.Permission]bool{}
	for _, p := range policy.Permissions {
		p.ID = ""
		has[p] = true
	}
	var missing []awsapi.Permission
	for _, p := range permissions {
		content := p
		content.ID = ""
		if !has[content] {
			has[content] = true
			missing = append(missing, p)
		}
	}
	return missing
}

// copying are the additions to a policy after which it has the permissions. Each keeps
// its ID unless another statement has that.
func copying(policy awsapi.Policy, permissions []awsapi.Permission) []step {
	var all []step
	taken := map[string]bool{}
	for _, p := range policy.Permissions {
		taken[p.ID] = true
	}
	for _, p := range Missing(policy, permissions) {
		if taken[p.ID] || !statementIDs.MatchString(p.ID) {
			p.ID = contentID(p)
		}
		taken[p.ID] = true
		all = append(all, step{add: p})
	}
	return all
}

// contentID is an ID that is the same for the same content.
func contentID(p awsapi.Permission) string {
	p.ID = ""
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", p))
	return "lambda-release-copy-" + hex.EncodeToString(sum[:])[:12]
}

// PlanCopy returns what Copy would change, and changes nothing. The alias need not
// exist.
func PlanCopy(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, permissions []awsapi.Permission) ([]string, error) {
	policy, err := aws.Policy(ctx, fn, alias)
	if err != nil {
		return nil, fmt.Errorf("copy permissions to %s:%s: %w", fn.Name, alias, err)
	}
	return copied(fn, alias, copying(policy, permissions)), nil
}

// Copy adds those of the permissions that an alias lacks to its policy, and removes
// none. The changes are returned in words, also along with an error.
func Copy(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, permissions []awsapi.Permission, report func(string)) ([]string, error) {
	taken, err := allow(ctx, aws, fn, alias, func(policy awsapi.Policy) []step { return copying(policy, permissions) })
	changed := copied(fn, alias, taken)
	for _, what := range changed {
		report(what)
	}
	if err != nil {
		return changed, fmt.Errorf("copy permissions to %s:%s: %w", fn.Name, alias, err)
	}
	return changed, nil
}

func copied(fn function.ID, alias string, steps []step) []string {
	var changes []string
	for _, s := range steps {
		changes = append(changes, fmt.Sprintf("%s may invoke %s:%s%s", who(s.add), fn.Name, alias, from(s.add)))
	}
	return changes
}

func who(p awsapi.Permission) string {
	switch {
	case p.Service != "":
		return p.Service
	case p.AWS == "*":
		return "everyone"
	}
	return p.AWS
}

// from says what else a permission asks for.
func from(p awsapi.Permission) string {
	conditions := slices.DeleteFunc([]string{p.SourceARN, p.SourceAccount, p.Organization}, func(s string) bool { return s == "" })
	if p.EventSourceToken != "" {
		conditions = append(conditions, "with its token")
	}
	if len(conditions) == 0 {
		return ""
	}
	return " for " + strings.Join(conditions, ", ")
}

// Principals are who the permissions are for, each once.
func Principals(permissions []awsapi.Permission) []string {
	var all []string
	for _, p := range permissions {
		if name := who(p); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
