package localaws

import (
	"fmt"
	"net/http"
)

// cloudwatch implements the alarms and metrics of Amazon CloudWatch. The Go SDK
// uses its protocol rpc-v2-cbor, others JSON 1.0.
type cloudwatch struct {
	rpc
	*store
}

func newCloudwatch(s *store) *cloudwatch {
	c := &cloudwatch{store: s}
	c.rpc = rpc{"cloudwatch", "GraniteServiceVersion20100801", map[string]procedure{
		"DescribeAlarms":      named(c.describeAlarms),
		"PutMetricAlarm":      named(c.putMetricAlarm),
		"PutCompositeAlarm":   named(c.putCompositeAlarm),
		"SetAlarmState":       named(c.setAlarmState),
		"DeleteAlarms":        named(c.deleteAlarms),
		"PutMetricData":       named(c.putMetricData),
		"GetMetricData":       named(c.getMetricData),
		"GetMetricStatistics": named(c.getMetricStatistics),
	}}
	return c
}

// place identifies a regional resource.
type place struct{ region, name string }

// refused is CloudWatch's error for invalid input.
func refused(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "ValidationError", fmt.Sprintf(format, args...)}
}

// badValue and badCombination are CloudWatch's errors for parameters that are
// wrong by themselves or together.
func badValue(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "InvalidParameterValue", fmt.Sprintf(format, args...)}
}

func badCombination(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "InvalidParameterCombination", fmt.Sprintf(format, args...)}
}

// badToken is CloudWatch's error for an invalid NextToken.
func badToken(token string) error {
	return &apiError{http.StatusBadRequest, "InvalidNextToken", "Invalid NextToken: " + token}
}
