package awsapi

import (
	"os"
	"path/filepath"
	"testing"
)

func TestS3Endpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		region          string
		dualStack, fips bool
		custom          string
		bucket, key     string
		want            string
	}{
		{region: "eu-central-1", bucket: "builds", key: "a/b.zip", want: "https://builds.s3.eu-central-1.amazonaws.com/a/b.zip"},
		{region: "us-east-1", bucket: "builds", want: "https://builds.s3.us-east-1.amazonaws.com/"},
		{region: "eu-central-1", bucket: "builds.example.com", key: "a", want: "https://s3.eu-central-1.amazonaws.com/builds.example.com/a"},
		{region: "us-east-1", bucket: "Old_Builds", want: "https://s3.us-east-1.amazonaws.com/Old_Builds"},
		{region: "us-west-2", dualStack: true, bucket: "builds", key: "a", want: "https://builds.s3.dualstack.us-west-2.amazonaws.com/a"},
		{region: "us-gov-west-1", fips: true, bucket: "builds", key: "a", want: "https://builds.s3-fips.us-gov-west-1.amazonaws.com/a"},
		{region: "us-east-1", dualStack: true, fips: true, bucket: "builds", key: "a", want: "https://builds.s3-fips.dualstack.us-east-1.amazonaws.com/a"},
		{region: "cn-north-1", bucket: "builds", key: "a", want: "https://builds.s3.cn-north-1.amazonaws.com.cn/a"},
		{region: "eusc-de-east-1", bucket: "builds", key: "a", want: "https://builds.s3.eusc-de-east-1.amazonaws.eu/a"},
		{region: "us-isob-east-1", bucket: "builds", key: "a", want: "https://builds.s3.us-isob-east-1.sc2s.sgov.gov/a"},
		{custom: "http://localhost:4566", bucket: "builds", key: "a b+c=1.zip", want: "http://localhost:4566/builds/a%20b%2Bc%3D1.zip"},
		{custom: "https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com/", bucket: "builds", want: "https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com/builds"},
		{custom: "http://gateway/s3", bucket: "builds", key: "a", want: "http://gateway/s3/builds/a"},
	} {
		e := s3Endpoint{custom: tt.custom, host: s3Host(tt.region, tt.dualStack, tt.fips)}
		if got := e.url(tt.bucket, tt.key).String(); got != tt.want {
			t.Errorf("%+v:\n     %s\nwant %s", tt, got, tt.want)
		}
	}
}

// The environment and the profile choose the endpoint as they do for the SDK's clients.
func TestS3EndpointOfTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	profile := "[profile p]\nregion = eu-west-1\nservices = s\n[profile f]\nregion = us-west-2\nuse_fips_endpoint = true\n[services s]\ns3 =\n  endpoint_url = http://minio:9000\n"
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"AWS_REGION": "eu-central-1"}, "https://b-1.s3.eu-central-1.amazonaws.com/k"},
		{map[string]string{"AWS_REGION": "eu-central-1", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://b-1.s3.dualstack.eu-central-1.amazonaws.com/k"},
		{map[string]string{"AWS_PROFILE": "p"}, "http://minio:9000/b-1/k"},
		{map[string]string{"AWS_PROFILE": "p", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "https://b-1.s3.eu-west-1.amazonaws.com/k"},
		{map[string]string{"AWS_PROFILE": "f"}, "https://b-1.s3-fips.us-west-2.amazonaws.com/k"},
		{map[string]string{"AWS_PROFILE": "p", "AWS_ENDPOINT_URL": "http://all"}, "http://all/b-1/k"},
		{map[string]string{"AWS_PROFILE": "p", "AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://s3"}, "http://s3/b-1/k"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			env := map[string]string{"AWS_CONFIG_FILE": file, "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "secret"}
			for name, value := range tt.env {
				env[name] = value
			}
			for name, value := range env {
				t.Setenv(name, value)
			}
			c, err := Open(t.Context(), Options{Getenv: func(name string) string { return env[name] }})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.s3().endpoint.url("b-1", "k").String(); got != tt.want {
				t.Errorf("%v: %s, want %s", tt.env, got, tt.want)
			}
		})
	}
}
