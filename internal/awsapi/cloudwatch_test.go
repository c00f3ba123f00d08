package awsapi_test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// cloudWatch is a CloudWatch that gives these answers one after another, and
// records its requests.
type cloudWatch struct {
	mu      sync.Mutex
	answers []cbor.Map
	asked   []cbor.Map
}

func (c *cloudWatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if v, err := cbor.Decode(body); err == nil {
		m, _ := v.(cbor.Map)
		c.asked = append(c.asked, m)
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	if len(c.answers) == 0 {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(cbor.Encode(c.answers[0]))
	c.answers = c.answers[1:]
}

func newCloudWatch(t *testing.T, answers ...cbor.Map) (*cloudWatch, *awsapi.Client) {
	t.Helper()
	c := &cloudWatch{answers: answers}
	loopback := localaws.NewLoopback(c)
	t.Cleanup(loopback.Close)
	return c, open(t, local, func(o *awsapi.Options) { o.Dial = loopback.Dial })
}

func alarm(name, state string) cbor.Map {
	return cbor.Map{"AlarmName": cbor.String(name), "StateValue": cbor.String(state), "StateReason": cbor.String("reason of " + name)}
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	c, client := newCloudWatch(t,
		cbor.Map{"MetricAlarms": cbor.List{alarm("a", "OK")}, "NextToken": cbor.String("more")},
		cbor.Map{"CompositeAlarms": cbor.List{alarm("b", "ALARM")}},
		cbor.Map{"MetricAlarms": cbor.List{alarm("c", "INSUFFICIENT_DATA")}},
	)
	names := make([]string, 101)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	got, err := client.Alarms(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	if want := []awsapi.Alarm{{"a", "OK", "reason of a"}, {"b", "ALARM", "reason of b"}, {"c", "INSUFFICIENT_DATA", "reason of c"}}; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for i, want := range []struct {
		names int
		token cbor.Value
	}{{100, nil}, {100, cbor.String("more")}, {1, nil}} {
		asked := c.asked[i]
		types, _ := asked["AlarmTypes"].(cbor.List)
		asks, _ := asked["AlarmNames"].(cbor.List)
		if len(types) != 2 || len(asks) != want.names || asked["NextToken"] != want.token {
			t.Errorf("call %d: %v", i, asked)
		}
	}
}

// A read of CloudWatch is one attempt, whatever comes of it, and what it
// throttles slows down neither Lambda's calls nor others.
func TestCloudWatchOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault localaws.Fault
		want  awsapi.Kind
	}{
		"throttled": {refusal(http.StatusBadRequest, "Throttling", "Rate exceeded"), awsapi.Throttled},
		"broken":    {broken, awsapi.Server},
		"dropped":   {localaws.Fault{Drop: true}, awsapi.Unreachable},
		"hanging":   {localaws.Fault{Hang: true}, awsapi.Hung},
		"denied":    {refused, awsapi.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(t, localaws.Options{})
				client := c.open(t, timeout(time.Second))
				c.spoil("DescribeAlarms", always, tt.fault)
				_, err := client.Alarms(t.Context(), []string{"a"})
				isKind(t, err, tt.want)
				if n := c.count("DescribeAlarms"); n != 1 {
					t.Errorf("%d attempts", n)
				}
				if _, err := client.Configuration(t.Context(), items, ""); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Every service may have an endpoint of its own.
func TestEndpointsOfServices(t *testing.T) {
	t.Parallel()
	c := newCloud(t, localaws.Options{})
	env := environment("http://elsewhere")
	env["AWS_ENDPOINT_URL_CLOUDWATCH"], env["AWS_ENDPOINT_URL_CODEDEPLOY"] = local, local
	client := c.open(t, func(o *awsapi.Options) { o.Getenv = getenv(env) })
	if alarms, err := client.Alarms(t.Context(), []string{"a"}); err != nil || len(alarms) > 0 {
		t.Errorf("%v, %v", alarms, err)
	}
	_, err := client.Deployment(t.Context(), "d-A1B2C3D4E")
	isKind(t, err, awsapi.NotFound)
}
