package ci

// none is a laptop, or a CI system that is not known here.
type none struct{ job }

func (none) Name() string { return "" }

// InCI reports whether this is a CI system all the same.
func (n none) InCI() bool { return n.getenv("CI") != "" || n.getenv("TEAMCITY_VERSION") != "" }

func (none) Advice() Advice {
	return Advice{
		NoCredentials: "Give the job AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE with an OIDC token of the CI system.",
		Expired:       "Obtain them right before this step.",
		NoToken:       "Leave --role-to-assume empty: the credentials in the environment are used.",
	}
}

func (none) read() reading {
	return reading{ref: noRef("this is not a job of a CI system that lambda-release knows")}
}
