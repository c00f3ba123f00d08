package awsapi

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// CI is what jobs of the CI system that runs this one do where they lack something, in
// whole sentences.
type CI struct {
	NoCredentials string // of AWS
	Expired       string // about credentials of AWS that are no longer valid
}

// place is where the program runs, as far as hints depend on it.
type place struct {
	laptop    bool // a person's machine, not a CI system
	ci        CI   // of a CI system
	container bool // in a container, as far as the environment shows it

	profile string // the value of AWS_PROFILE
	halfKey string // says which of the two variables of a key is set without the other; "" if none is
}

// dockerHost matches the name that Docker gives a container by default.
var dockerHost = regexp.MustCompile(`^[0-9a-f]{12}$`)

// placeOf finds out where the program runs; ci is nil on a person's machine.
func placeOf(ci *CI, getenv func(string) string) place {
	p := place{laptop: ci == nil, profile: getenv("AWS_PROFILE"), halfKey: halfKey(getenv)}
	if ci != nil {
		p.ci = *ci
	}
	p.container = getenv("GITHUB_WORKSPACE") == "/github/workspace" || // a Docker action
		strings.HasPrefix(getenv("GITHUB_WORKSPACE"), "/__w/") || // a job in a container
		getenv("CI_JOB_IMAGE") != "" || // GitLab
		getenv("KUBERNETES_SERVICE_HOST") != "" || getenv("container") != "" || // podman and others
		dockerHost.MatchString(getenv("HOSTNAME"))
	return p
}

// halfKey says which of the two variables of an access key is set without the other.
func halfKey(getenv func(string) string) string {
	const id, secret = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
	switch hasID, hasSecret := getenv(id) != "", getenv(secret) != ""; {
	case hasID && !hasSecret:
		return id + " is set, " + secret + " is not"
	case hasSecret && !hasID:
		return secret + " is set, " + id + " is not"
	}
	return ""
}

// whyNoCredentials is the cause, in place of the SDK's where that only misleads; ""
// if there is nothing to say.
func (p place) whyNoCredentials(err error) string {
	if missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		if missing.Profile == p.profile {
			return "AWS_PROFILE is " + p.profile + ", and the AWS config file has no such profile"
		}
		return "the AWS config file has no profile " + missing.Profile
	}
	said := strings.ToLower(fmt.Sprint(err))
	switch asked := strings.Contains(said, "imds"); { // the SDK's last source
	case asked && p.halfKey != "":
		return p.halfKey
	case asked && strings.Contains(said, imdsDisabled):
		return ""
	}
	return innermost(err)
}

// imdsDisabled is in the SDK's error where the metadata service must not be asked.
const imdsDisabled = "access disabled"

// noCredentials says how to get credentials; err is why there are none.
func (p place) noCredentials(err error) string {
	var hint string
	_, noProfile := errors.AsType[config.SharedConfigProfileNotExistError](err)
	switch {
	case noProfile && p.laptop:
		return "Set AWS_PROFILE to one of the profiles that `aws configure list-profiles` shows, or unset it; AWS_CONFIG_FILE may name another config file."
	case noProfile:
		return "Unset AWS_PROFILE in the environment of the job, or make the profile before this step. The input `role-to-assume` needs no profile."
	case p.laptop:
		hint = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with AWS_PROFILE and sign in with `aws sso login`. The program cannot ask for the code of an MFA device: for a profile with mfa_serial, " +
			"get a session with `aws sts get-session-token --serial-number ARN --token-code CODE` and set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
	default:
		hint = p.ci.NoCredentials
	}
	if p.container && askedInstance(err) {
		hint += " To use the role of an EC2 instance in a container, the answers of its metadata service must be allowed one more hop: " +
			"`aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2`."
	}
	return hint
}

// askedInstance reports whether the metadata service of an EC2 instance was asked
// and did not answer. The SDK has no type for that.
func askedInstance(err error) bool {
	said := strings.ToLower(fmt.Sprint(err))
	return strings.Contains(said, "imds") && !strings.Contains(said, imdsDisabled)
}

// badCredentials says how to get new credentials.
func (p place) badCredentials(region string) string {
	hint := fmt.Sprintf("The credentials are expired, revoked, or not valid in region %s (is it enabled for the account?). ", region)
	if p.laptop {
		return hint + "Sign in again with `aws sso login`, or get a new session, and check AWS_PROFILE. AWS_ACCESS_KEY_ID in the environment goes before a profile."
	}
	return hint + p.ci.Expired
}

// noRegion says how to choose a region.
func (p place) noRegion() string {
	if p.laptop {
		return "Set --aws-region or AWS_REGION, for example to eu-central-1, or choose a profile that has a region with AWS_PROFILE."
	}
	return "Set the input `aws-region`, or AWS_REGION in the environment, for example to eu-central-1."
}

// byProfile is what determines the account on a laptop, in brackets.
func (p place) byProfile() string {
	if p.laptop {
		return " (AWS_PROFILE)"
	}
	return ""
}

// otherAccount says how to get credentials of another account.
func (p place) otherAccount(account string) string {
	if p.laptop {
		return fmt.Sprintf("Choose a profile of account %s with AWS_PROFILE, or name a function of your own account.", account)
	}
	return fmt.Sprintf("Assume a role of account %s (`role-to-assume`), or name a function of the credentials' account.", account)
}

// ifMFA is a hint for a person whose request may have been denied because the session
// has no MFA.
func (p place) ifMFA(denier string) string {
	if !p.laptop || denier != explicitDeny {
		return ""
	}
	return " If that policy asks for MFA, get a session with it: `aws sts get-session-token --serial-number ARN --token-code CODE`."
}
