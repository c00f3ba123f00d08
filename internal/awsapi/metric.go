package awsapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Query asks for one statistic of one metric, by the minute.
type Query struct {
	Namespace  string      // AWS/Lambda
	Name       string      // Errors, Invocations
	Dimensions [][2]string // name and value; CloudWatch answers for exactly these
	Stat       string      // Sum, SampleCount, Average, p99
}

// Minute is a minute of the clock, counted from 1970.
type Minute int64

// MinuteOf is the minute that t is in.
func MinuteOf(t time.Time) Minute { return Minute(t.Unix() / 60) }

// Start is when the minute begins.
func (m Minute) Start() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// Series has the value of a statistic for every minute that CloudWatch has data of. A
// minute without an entry is not zero: no data was reported, or it has not arrived yet.
type Series map[Minute]float64

// queriesPerCall is https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const queriesPerCall = 500

// MetricSeries reads statistics of the minutes from one, inclusive, to another,
// exclusive, in the order of queries. It makes one call for each 500 queries, and one
// for each further page of the answer; each is a single attempt. What CloudWatch
// does not answer completely is an error, never a minute without data.
//
// CloudWatch keeps data by the minute for 15 days.
func (c *Client) MetricSeries(ctx context.Context, queries []Query, from, to Minute) ([]Series, error) {
	all := make([]Series, len(queries))
	for start := 0; start < len(queries); start += queriesPerCall {
		end := min(start+queriesPerCall, len(queries))
		if err := c.readSeries(ctx, queries[start:end], from, to, all[start:end]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readSeries reads all pages of one call's answer.
func (c *Client) readSeries(ctx context.Context, queries []Query, from, to Minute, all []Series) error {
	action := cloudWatchAction("GetMetricData")
	asked := make([]types.MetricDataQuery, len(queries))
	for i, q := range queries {
		asked[i] = q.input(i)
	}
	results, err := pages(ctx, c, target{Action: action}, func(token *string) ([]types.MetricDataResult, *string, error) {
		out, err := read(ctx, c, action, c.cloudwatch().GetMetricData,
			&cloudwatch.GetMetricDataInput{
				MetricDataQueries: asked,
				StartTime:         aws.Time(from.Start()),
				EndTime:           aws.Time(to.Start()), // exclusive
				NextToken:         token,
			},
			func(out *cloudwatch.GetMetricDataOutput) bool { return readableSeries(out, from, to) })
		if err != nil {
			return nil, nil, err
		}
		return out.MetricDataResults, out.NextToken, nil
	})
	if err != nil {
		return err
	}
	complete := make([]bool, len(queries))
	for _, r := range results {
		i, err := add(all, r)
		if err != nil {
			return c.failed(ctx, target{Action: action}, err, &attempts{})
		}
		complete[i] = r.StatusCode == types.StatusCodeComplete
	}
	for i, ok := range complete {
		if !ok {
			return c.failed(ctx, target{Action: action}, fmt.Errorf("CloudWatch did not answer completely for %s of %s", queries[i].Stat, queries[i].Name), &attempts{})
		}
	}
	return nil
}

// readableSeries reports whether each value of an answer is a number with a minute
// that was asked for.
func readableSeries(out *cloudwatch.GetMetricDataOutput, from, to Minute) bool {
	for _, r := range out.MetricDataResults {
		if len(r.Timestamps) != len(r.Values) {
			return false
		}
		for i, v := range r.Values {
			if m := MinuteOf(r.Timestamps[i]); m < from || m >= to || math.IsNaN(v) || math.IsInf(v, 0) {
				return false
			}
		}
	}
	return out.MetricDataResults != nil
}

// add adds the values of a result to the series of its query, and returns its index.
// An answer for a query may be spread over several pages.
func add(all []Series, r types.MetricDataResult) (index int, err error) {
	if r.StatusCode != types.StatusCodeComplete && r.StatusCode != types.StatusCodePartialData {
		return 0, fmt.Errorf("CloudWatch answered %s%s", r.StatusCode, quoteMessages(r.Messages))
	}
	id := aws.ToString(r.Id)
	index, err = strconv.Atoi(strings.TrimPrefix(id, queryID))
	if err != nil || index < 0 || index >= len(all) {
		return 0, fmt.Errorf("CloudWatch answered for %q, which was not asked for", id)
	}
	if all[index] == nil {
		all[index] = Series{}
	}
	for i, v := range r.Values {
		m := MinuteOf(r.Timestamps[i])
		if _, twice := all[index][m]; twice {
			return 0, errors.New("CloudWatch answered twice for the same minute" + quoteMessages(r.Messages))
		}
		all[index][m] = v
	}
	return index, nil
}

// queryID and the query's index are its id, which must begin with a letter.
const queryID = "m"

func (q Query) input(index int) types.MetricDataQuery {
	metric := types.Metric{Namespace: &q.Namespace, MetricName: &q.Name}
	for _, d := range q.Dimensions {
		metric.Dimensions = append(metric.Dimensions, types.Dimension{Name: &d[0], Value: &d[1]})
	}
	return types.MetricDataQuery{
		Id:         aws.String(queryID + strconv.Itoa(index)),
		MetricStat: &types.MetricStat{Metric: &metric, Period: aws.Int32(60), Stat: &q.Stat},
	}
}

func quoteMessages(messages []types.MessageData) string {
	var text strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&text, "; %s: %s", aws.ToString(m.Code), aws.ToString(m.Value))
	}
	return text.String()
}
