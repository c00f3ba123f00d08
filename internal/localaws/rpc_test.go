package localaws_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
)

// jsonCall calls a named operation without an SDK.
func jsonCall(t *testing.T, c *localaws.Cloud, target, body string) (*http.Response, string) {
	t.Helper()
	return send(t, c, "POST", "/", body, map[string]string{
		"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target, "X-Amzn-Query-Mode": "true",
	})
}

func TestCloudwatchInJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		time.Sleep(250 * time.Millisecond)
		c := localaws.New(localaws.Options{})
		const service = "GraniteServiceVersion20100801."
		res, body := jsonCall(t, c, service+"PutMetricAlarm", `{"AlarmName":"a","MetricName":"Errors","Namespace":"AWS/Lambda","Period":60,"EvaluationPeriods":1,"Threshold":1,"ComparisonOperator":"GreaterThanThreshold"}`)
		equal(t, "answer", res.Status+res.Header.Get("Content-Type")+body, "200 OKapplication/x-amz-json-1.0{}")
		_, body = jsonCall(t, c, service+"DescribeAlarms", "{}")
		const seconds = "1795428000.25"
		equal(t, "answer", body, `{"CompositeAlarms":[],"MetricAlarms":[{"AlarmName":"a","ActionsEnabled":true,"OKActions":[],"AlarmActions":[],"InsufficientDataActions":[],"Namespace":"AWS/Lambda","MetricName":"Errors","Dimensions":[],"Period":60,"EvaluationPeriods":1,"Threshold":1,"ComparisonOperator":"GreaterThanThreshold","AlarmArn":"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:a","AlarmConfigurationUpdatedTimestamp":`+seconds+`,"StateValue":"INSUFFICIENT_DATA","StateReason":"Unchecked: Initial alarm creation","StateUpdatedTimestamp":`+seconds+`,"StateTransitionedTimestamp":`+seconds+`}]}`)
		res, body = jsonCall(t, c, service+"DescribeAlarms", `{"MaxRecords":0}`)
		equal(t, "error", res.Status+body, `400 Bad Request{"__type":"ValidationException","message":"1 validation error detected: Value '0' at 'maxRecords' failed to satisfy constraint: Member must have value greater than or equal to 1"}`)
		equal(t, "query error", res.Header.Get("X-Amzn-Query-Error"), "ValidationError;Sender")
		_, body = jsonCall(t, c, service+"GetMetricData", `{"StartTime":"yesterday"}`)
		if !strings.HasPrefix(body, `{"__type":"SerializationException"`) {
			t.Errorf("answer is %s", body)
		}
	})
}

// In CBOR, integers are integers and times have their tag, as strict clients
// require.
func TestCloudwatchInCBOR(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c := localaws.New(localaws.Options{})
		c.SetAlarm("a", "ALARM", "reason")
		call := func(operation, body string) (*http.Response, cbor.Map) {
			t.Helper()
			res, body := send(t, c, "POST", "/service/GraniteServiceVersion20100801/operation/"+operation, body, map[string]string{
				"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor", "X-Amzn-Query-Mode": "true",
			})
			equal(t, "Content-Type", res.Header.Get("Content-Type"), "application/cbor")
			equal(t, "Smithy-Protocol", res.Header.Get("Smithy-Protocol"), "rpc-v2-cbor")
			return res, must(cbor.Decode([]byte(body)))(t).(cbor.Map)
		}
		_, got := call("DescribeAlarms", "")
		alarm := got["MetricAlarms"].(cbor.List)[0].(cbor.Map)
		for member, want := range map[string]cbor.Value{
			"Period":                     cbor.Uint(60),
			"Threshold":                  cbor.Float64(0),
			"ActionsEnabled":             cbor.Bool(true),
			"StateValue":                 cbor.String("ALARM"),
			"StateTransitionedTimestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(1795428000)},
		} {
			if diff := cmp.Diff(want, alarm[member]); diff != "" {
				t.Errorf("%s: %s", member, diff)
			}
		}
		res, got := call("SetAlarmState", string(cbor.Encode(cbor.Map{"AlarmName": cbor.String("none"), "StateValue": cbor.String("OK"), "StateReason": cbor.String("")})))
		if diff := cmp.Diff(cbor.Map{"__type": cbor.String("ResourceNotFound"), "message": cbor.String("The named resource does not exist.")}, got); diff != "" {
			t.Error(diff)
		}
		equal(t, "error", res.Status+res.Header.Get("X-Amzn-Query-Error"), "404 Not FoundResourceNotFound;Sender")
		res, got = call("DescribeAlarms", "\xff")
		equal(t, "error", res.Status+string(got["__type"].(cbor.String)), "400 Bad RequestSerializationException")
		res, got = call("GetDashboard", "")
		equal(t, "error", res.Status+string(got["message"].(cbor.String)), "404 Not Foundlocalaws does not support the operation POST /service/GraniteServiceVersion20100801/operation/GetDashboard")
	})
}

func TestCBORValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c := localaws.New(localaws.Options{})
		// PutMetricData with every kind of number, a timestamp in whole seconds, an
		// unknown member of every other kind: {"Namespace": "n", "MetricData": [...]}
		datum := func(v cbor.Value) cbor.Map { return cbor.Map{"MetricName": cbor.String("m"), "Value": v} }
		late := datum(cbor.Uint(100))
		late["Timestamp"] = &cbor.Tag{ID: 1, Value: cbor.Uint(uint64(time.Now().Add(time.Minute).Unix()))}
		late["Other"] = cbor.List{cbor.Bool(true), &cbor.Nil{}, &cbor.Undefined{}, cbor.Slice("bytes")}
		put := cbor.Map{"Namespace": cbor.String("n"), "MetricData": cbor.List{datum(cbor.Uint(7)), datum(cbor.NegInt(3)), datum(cbor.Float32(0.5)), datum(cbor.Float64(0.25)), late}}
		headers := map[string]string{"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
		res, body := send(t, c, "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", string(cbor.Encode(put)), headers)
		equal(t, "answer", res.Status+hex.EncodeToString([]byte(body)), "200 OKa0")
		_, body = jsonCall(t, c, "GraniteServiceVersion20100801.GetMetricData", `{"StartTime":1795428000,"EndTime":1795429000,"MetricDataQueries":[{"Id":"q","MetricStat":{"Metric":{"Namespace":"n","MetricName":"m"},"Period":60,"Stat":"Sum"}}]}`)
		equal(t, "answer", body, `{"MetricDataResults":[{"Id":"q","Label":"m","Timestamps":[1795428060,1795428000],"Values":[100,4.75],"StatusCode":"Complete"}],"Messages":[]}`)
	})
}

// A fault has the error format of its service.
func TestFaultsOfOtherServices(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{Rate: 1})
	faults := map[string]localaws.Fault{
		"DescribeAlarms":        {Status: 400, Code: "Throttling", Message: "Rate exceeded"},
		"ListDeploymentConfigs": {Status: 400, Code: "ThrottlingException", Message: "Rate exceeded"},
		"PutMetricData":         {Status: 503, Code: "ServiceUnavailable", Message: "later"},
		"SetAlarmState":         {Drop: true},
	}
	c.OnCall(func(call localaws.Call) *localaws.Fault {
		if f, ok := faults[call.Operation]; ok {
			return &f
		}
		return nil
	})
	api := cloudwatch.NewFromConfig(conf)
	_, err := api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	wantError(t, err, 400, "Throttling", "Rate exceeded")
	_, err = api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("n")})
	wantError(t, err, 503, "ServiceUnavailable", "later")
	_, err = api.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: "OK", StateReason: aws.String("")})
	wantDropped(t, err)
	_, err = codedeploy.NewFromConfig(conf).ListDeploymentConfigs(t.Context(), nil)
	wantError(t, err, 400, "ThrottlingException", "Rate exceeded")
	c.OnCall(nil)
	for range 30 { // the rate limits Lambda only
		must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}))(t)
	}
	equal(t, "attempt", c.Calls()[len(c.Calls())-1].Attempt, 31)
}
