package analysis

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lambda-release/internal/lines"
)

// None is the text that turns the analysis off.
const None = "none"

const (
	allowedChecks = "allowed are errors, throttles and duration p99 (any percentile, or average), which compare with the version that is replaced; " +
		"limits such as errors < 1%, throttles < 1% and duration p95 < 800ms; " + exampleMetric + "; or none"
	allowedDuration = "write duration p99, any other percentile, or duration average"
	exampleMetric   = "metric NAMESPACE/NAME{DIMENSION=VALUE} STATISTIC < NUMBER"
)

func wrong(problem, allowed string) *lines.Error {
	return &lines.Error{Problem: problem, Allowed: allowed}
}

// Parse reads checks, one a line. None gives no checks, but not nil. The error
// joins a *lines.Error for each problem.
func Parse(text string) ([]Check, error) {
	checks := []Check{}
	var errs []error
	var none *lines.Error // if none is given, what is wrong if it is not alone
	entries := 0
	seen := map[string]bool{}
	for n, entry := range lines.All(text) {
		entries++
		if entry == None {
			none = wrong("given with other checks", "none turns the analysis off: use it alone").At(n, entry)
			continue
		}
		check, problem := parse(entry)
		if problem == nil && seen[check.subject()] {
			problem = wrong("given twice", "give each check once")
		}
		if problem != nil {
			errs = append(errs, problem.At(n, entry))
			continue
		}
		seen[check.subject()] = true
		checks = append(checks, check)
	}
	if none != nil && entries > 1 {
		errs = append(errs, none)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if entries == 0 {
		return nil, nil
	}
	return checks, nil
}

// parse reads one check.
func parse(entry string) (Check, *lines.Error) {
	word, rest := cut(entry)
	check := Check{Subject: Subject(word)}
	var problem *lines.Error
	switch check.Subject {
	case Errors, Throttles:
	case Duration:
		word, rest = cut(rest)
		check.Statistic, problem = durationStatistic(word)
	case Custom:
		check.Metric, rest, problem = parseMetric(rest)
		if problem == nil {
			word, rest = cut(rest)
			check.Statistic, problem = metricStatistic(word)
		}
	default:
		problem = wrong("unknown check"+lines.DidYouMean(word, []string{string(Errors), string(Throttles), string(Duration), string(Custom), None}), allowedChecks)
	}
	switch {
	case problem != nil:
		return check, problem
	case rest == "" && check.Subject == Custom:
		return check, wrong("no limit", "only errors, throttles and duration can be compared with the version that is replaced: write "+exampleMetric)
	case rest == "":
		return check, nil
	}
	check.Limit, problem = check.parseLimit(rest)
	return check, problem
}

// cut splits off the first word, which also an operator or a brace ends.
func cut(text string) (word, rest string) {
	if end := strings.IndexAny(text, " \t<>{"); end >= 0 {
		return text[:end], strings.TrimSpace(text[end:])
	}
	return text, ""
}

func durationStatistic(word string) (Statistic, *lines.Error) {
	switch word {
	case "":
		return "", wrong("no statistic", allowedDuration)
	case average.input():
		return average, nil
	}
	return parsePercentile(word, []string{average.input()}, allowedDuration)
}

func metricStatistic(word string) (Statistic, *lines.Error) {
	known := []string{"SampleCount", string(average), "Sum", "Minimum", "Maximum"}
	allowed := "allowed are " + strings.Join(known, ", ") + " and percentiles such as p99: write " + exampleMetric
	switch {
	case word == "":
		return "", wrong("no statistic", allowed)
	case slices.Contains(known, word):
		return Statistic(word), nil
	}
	return parsePercentile(word, known, allowed)
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
var percentile = regexp.MustCompile(`^p([0-9]+(?:\.[0-9]{1,10})?)$`)

func parsePercentile(word string, others []string, allowed string) (Statistic, *lines.Error) {
	m := percentile.FindStringSubmatch(word)
	if m == nil {
		return "", wrong("unknown statistic "+lines.Quote(word)+lines.DidYouMean(word, others), allowed)
	}
	number, err := strconv.ParseFloat(m[1], 64)
	switch {
	case err != nil || number >= 100:
		return "", wrong("a percentile of 100 or more", allowed)
	case number == 0:
		return "", wrong("a percentile of 0", allowed)
	}
	return Statistic("p" + strconv.FormatFloat(number, 'f', -1, 64)), nil
}

// parseMetric reads a metric. Its namespace ends at the last slash, since
// namespaces often contain one, as AWS/Lambda does, and names hardly ever.
func parseMetric(text string) (m Metric, rest string, problem *lines.Error) {
	name, rest := text, ""
	if open := strings.IndexAny(text, "{<>"); open >= 0 && text[open] == '{' {
		inside, after, ok := braces(text[open:])
		if !ok {
			return m, "", wrong("no closing brace", "write "+exampleMetric)
		}
		if m.Dimensions, problem = parseDimensions(inside); problem != nil {
			return m, "", problem
		}
		name, rest = text[:open], strings.TrimSpace(after)
	} else {
		if open < 0 {
			open = len(text)
		}
		name = strings.TrimSpace(text[:open])
		statistic := strings.LastIndexAny(name, " \t") + 1
		name, rest = name[:statistic], text[statistic:]
	}
	name = strings.TrimSpace(name)
	slash := max(0, strings.LastIndexByte(name, '/'))
	m.Namespace, m.Name = name[:slash], strings.TrimPrefix(name[slash:], "/")
	if m.Namespace == "" || m.Name == "" {
		return m, "", wrong("no metric", "write "+exampleMetric)
	}
	return m, rest, nil
}

// braces splits text, which begins with a brace, at the one that closes it.
func braces(text string) (inside, after string, ok bool) {
	depth := 0
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return text[1:i], text[i+1:], true
		}
	}
	return "", "", false
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func parseDimensions(text string) ([]Dimension, *lines.Error) {
	const allowed = "write dimensions as in {FunctionName={function}, Resource={function}:{alias}}"
	var dimensions []Dimension
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		d := Dimension{strings.TrimSpace(name), strings.TrimSpace(value)}
		if d.Name == "" || d.Value == "" {
			return nil, wrong("a dimension without a name or a value", allowed)
		}
		if slices.ContainsFunc(dimensions, func(other Dimension) bool { return other.Name == d.Name }) {
			return nil, wrong("dimension "+lines.Quote(d.Name)+" given twice", "give each dimension once")
		}
		for _, m := range placeholder.FindAllStringSubmatch(d.Value, -1) {
			if !slices.Contains(placeholders, m[1]) {
				return nil, wrong("unknown placeholder "+lines.Quote(m[0])+lines.DidYouMean(m[1], placeholders), "allowed are {function}, {alias} and {version}")
			}
		}
		if strings.ContainsAny(d.Name+placeholder.ReplaceAllString(d.Value, ""), "{}") {
			return nil, wrong("a brace that belongs to no placeholder", allowed)
		}
		dimensions = append(dimensions, d)
	}
	return dimensions, nil
}

var limit = regexp.MustCompile(`^([<>]=?)\s*(-?[0-9]*\.?[0-9]+)\s*(\S*)$`)

// parseLimit reads the limit of the check.
func (c Check) parseLimit(text string) (*Limit, *lines.Error) {
	allowed := map[Subject]string{
		Errors:    "write a limit above 0 % and below 100 %, as in errors < 1%",
		Throttles: "write a limit above 0 % and below 100 %, as in throttles < 1%",
		Duration:  "write a limit in ms or s, as in duration p95 < 800ms",
		Custom:    "write < or > and a number in the metric's own unit, as in metric Shop/Orders Sum < 5",
	}[c.Subject]
	m := limit.FindStringSubmatch(text)
	if m == nil {
		return nil, wrong(lines.Quote(text)+" is not a limit", allowed)
	}
	operator, unit := m[1], m[3]
	value, err := strconv.ParseFloat(m[2], 64)
	if err != nil || math.IsInf(value, 0) || c.Subject != Custom && value <= 0 {
		return nil, wrong("a limit that is out of range", allowed)
	}
	l := &Limit{Value: value, Above: operator == ">"}
	switch {
	case len(operator) > 1:
		return nil, wrong("unknown operator "+operator, allowed)
	case l.Above && c.Subject != Custom:
		return nil, wrong("a lower limit, which only a metric can have", allowed)
	case unit == "" && c.unit() != "":
		return nil, wrong("a limit without a unit", allowed)
	case unit == "s" && c.Subject == Duration:
		l.Value = math.Round(value*1e9) / 1e6 // 0.57 * 1000 is not quite 570
	case unit != c.unit():
		return nil, wrong("unknown unit "+lines.Quote(unit), allowed)
	case unit == "%" && value >= 100:
		return nil, wrong("a limit that is out of range", allowed)
	}
	return l, nil
}
