package ci

// none is a laptop, or a CI system that is not known here.
type none struct{ job }

func (none) Name() string { return "" }

// InCI reports whether this is a CI system all the same.
func (n none) InCI() bool { return n.getenv("CI") != "" || n.getenv("TEAMCITY_VERSION") != "" }

func (n none) Advice() Advice {
	if !n.InCI() { // other hints know what a person does
		return Advice{NoToken: "Only a job of a CI system has one: leave `role-to-assume` empty, and choose a profile that assumes the role with AWS_PROFILE."}
	}
	return Advice{
		NoCredentials: "Give the job AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or set --role-to-assume and --web-identity-token-file with an OIDC token of the CI system.",
		Expired:       "Obtain them right before this step.",
		NoToken:       "Write one to a file and set --web-identity-token-file, or leave --role-to-assume empty: the credentials in the environment are used.",
	}
}

func (none) read() reading {
	return reading{ref: noRef("this is not a job of a CI system that lambda-release knows")}
}
