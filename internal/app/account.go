package app

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/input"
	"lambda-release/internal/report"
)

// maskAccounts masks the accounts in the inputs.
func maskAccounts(in input.Input, out *report.Reporter) {
	if !in.MaskAccount {
		return
	}
	accounts := slices.Clone(in.Accounts)
	for _, arn := range in.Roles() {
		accounts = append(accounts, strings.Split(arn, ":")[4])
	}
	for _, fn := range in.Functions {
		accounts = append(accounts, fn.Account)
	}
	slices.Sort(accounts)
	for _, account := range slices.Compact(accounts) {
		out.Mask(account)
	}
}

var accountID = regexp.MustCompile(`\b` + function.AccountPattern + `\b`)

// maskAccountsIn masks the accounts in the message of an error: of inputs that are not
// valid, or of the credentials that may not assume a role.
func maskAccountsIn(err error, in input.Input, out *report.Reporter) {
	if !in.MaskAccount {
		return
	}
	for _, account := range accountID.FindAllString(err.Error(), -1) {
		out.Mask(account)
	}
}

// checkAccount refuses credentials of an account that is not allowed, and masks their
// account. Where the ARN of a role has it, the inputs were checked, and nothing is called.
func checkAccount(ctx context.Context, aws *awsapi.Client, in input.Input, out *report.Reporter) error {
	if in.Account() != "" || len(in.Accounts) == 0 && !in.MaskAccount {
		return nil
	}
	account, err := aws.Account(ctx)
	if err != nil {
		return fmt.Errorf("find out the account of the credentials: %w", err)
	}
	if in.MaskAccount {
		out.Mask(account)
	}
	if len(in.Accounts) > 0 && !slices.Contains(in.Accounts, account) {
		return &accountError{account, in.Accounts}
	}
	return nil
}

// accountError refuses credentials of an account.
type accountError struct {
	account string
	allowed []string
}

func (e *accountError) Error() string {
	return fmt.Sprintf("the credentials are of account %s, and `allowed-account-ids` has only %s", e.account, strings.Join(e.allowed, ", "))
}

// Hint says how to go on.
func (e *accountError) Hint() string {
	return "Give the job credentials of an account that is allowed, or add the account to `allowed-account-ids`."
}
