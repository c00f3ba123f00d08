package awsapi

import (
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// TestTirelessWaitsOnALiveConnection: an answer may take as long as a function may
// run, on a connection that is probed more often than gateways drop a silent one.
func TestTirelessWaitsOnALiveConnection(t *testing.T) {
	t.Parallel()
	s := session{retryer: newRetryer(0), getenv: func(string) string { return "" }, timeout: time.Minute}
	s.cfg.HTTPClient = httpClient(answerTime(s.timeout), nil)
	client, ok := s.newTireless().Options().HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		t.Fatalf("the client is a %T", s.newTireless().Options().HTTPClient)
	}
	if probes := client.GetDialer().KeepAliveConfig; !probes.Enable || probes.Idle > time.Minute || probes.Interval > time.Minute {
		t.Errorf("the connection is kept alive by %+v", probes)
	}
	if wait := client.GetTransport().ResponseHeaderTimeout; wait < 15*time.Minute {
		t.Errorf("it waits %s for an answer", wait)
	}
}
