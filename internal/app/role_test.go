package app_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
)

// roleARN is the role that tokens may assume.
const roleARN = "arn:aws:iam::123456789012:role/ci/deploy"

// TestRoleChainThroughALongShift: three roles, the last with an external ID and a session
// policy, are assumed again in the middle of a shift of two hours, with the token that the
// CI system has written last.
func TestRoleChainThroughALongShift(t *testing.T) {
	t.Parallel()
	const (
		hub      = "arn:aws:iam::222222222222:role/hub"
		last     = "arn:aws:iam::123456789012:role/teams/release"
		external = "shop-4711-" + secret
	)
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 0)
		s.AddRole(roleARN, "a job")
		s.AddRole(hub, "", func(r *localaws.Role) { r.Principals = []string{roleARN} })
		s.AddRole(last, "", func(r *localaws.Role) { r.Principals, r.ExternalID = []string{hub}, external })
		s.SetAlarm("errors", "OK", "")
		file := filepath.Join(s.folder, "token")
		tick := time.NewTicker(4 * time.Minute) // a token is valid for five
		over := make(chan struct{})
		var writer sync.WaitGroup
		defer func() { tick.Stop(); close(over); writer.Wait() }() // before the folder is removed
		write := func() {
			if err := os.WriteFile(file, []byte(token("a job", "sts.amazonaws.com")), 0o600); err != nil {
				t.Error(err)
			}
		}
		write()
		writer.Go(func() {
			for {
				select {
				case <-tick.C:
					write()
				case <-over:
					return
				}
			}
		})

		code := s.run("--strategy", "Canary10Percent2Hours", "--analysis", "none", "--alarms", "errors", "--role-to-assume", roleARN, "--web-identity-token-file", file,
			"--role-chain", hub, "--role-chain", last, "--external-id", external, "--least-privilege-session")
		if took := time.Since(s.began); code != 0 || took < 2*time.Hour || took > 2*time.Hour+time.Minute {
			t.Fatalf("exit code %d after %s\n%s", code, took, s.log)
		}
		assumed := map[string][]time.Duration{}
		for _, c := range s.Calls() {
			if c.Service != "sts" {
				continue
			}
			form, err := url.ParseQuery(string(c.Body))
			if err != nil {
				t.Fatal(err)
			}
			role := form.Get("RoleArn")
			assumed[role] = append(assumed[role], c.Start.Sub(s.began).Round(time.Minute))
			if isLast := role == last; form.Has("ExternalId") != isLast || form.Has("Policy") != isLast {
				t.Errorf("%s was assumed with %v", role, form)
			}
		}
		for _, role := range []string{roleARN, hub, last} {
			if got := assumed[role]; len(got) != 3 || got[0] != 0 || got[1] != 55*time.Minute || got[2] != 110*time.Minute {
				t.Errorf("%s was assumed after %v", role, got)
			}
		}
		for line := range strings.Lines(s.log + s.summary) {
			if strings.Contains(line, external) && !strings.HasPrefix(line, "::add-mask::") {
				t.Errorf("the external ID is shown: %s", line)
			}
		}
	})
}

// TestShiftWithoutRenewal: a token in a file that is not written again is no longer valid
// when the session ends, in the middle of a shift. The alias is restored before that.
func TestShiftWithoutRenewal(t *testing.T) {
	t.Parallel()
	for name, health := range map[string][]string{"nothing to read": nil, "alarms": {"--alarms", "errors"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, 0)
				s.AddRole(roleARN, "a job")
				s.SetAlarm("errors", "OK", "")
				file := filepath.Join(s.folder, "token")
				if err := os.WriteFile(file, []byte(token("a job", "sts.amazonaws.com")), 0o600); err != nil {
					t.Fatal(err)
				}
				code := s.run(append(health, "--strategy", "Canary10Percent2Hours", "--analysis", "none", "--role-to-assume", roleARN, "--web-identity-token-file", file)...)
				if took := time.Since(s.began); code != 1 || took < 57*time.Minute || took > 58*time.Minute {
					t.Errorf("exit code %d after %s", code, took)
				}
				s.has("roll out to prod: the credentials end soon and cannot be renewed: AssumeRoleWithWebIdentity "+roleARN+": ExpiredTokenException", "Now: prod is again at 1.")
				s.at("1", "[1 | run 1]")
			})
		})
	}
}

// TestTokenFile: editors and shells begin a file with a byte order mark, and end it with
// a line break. In UTF-16 there is no token.
func TestTokenFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 0)
		s.AddRole(roleARN, "a job")
		good := token("a job", "sts.amazonaws.com")
		var wide strings.Builder
		for _, c := range good {
			wide.WriteString(string(c) + "\x00")
		}
		file := filepath.Join(s.folder, "token")
		for content, want := range map[string]int{good + "\n": 0, "\ufeff" + good + "\r\n": 0, "\xff\xfe" + wide.String(): 1, good + " " + good: 1} {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			code := s.run("--operation", "status", "--role-to-assume", roleARN, "--web-identity-token-file", file)
			if code != want || s.calls("AssumeRoleWithWebIdentity") != 1-want {
				t.Errorf("%q: exit code %d\n%s", content, code, s.log)
			}
			if want == 1 {
				s.has("web-identity-token-file " + file + " has no OIDC token")
			}
		}
	})
}
