package report

import (
	"fmt"
	"strings"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

// consoleHost is the host of the AWS console for a region's partition, "" if the
// partition has no public console.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func consoleHost(region string) string {
	switch {
	case region == "" || strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return ""
	case strings.HasPrefix(region, "cn-"):
		return "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "console.amazonaws-us-gov.com"
	case strings.Contains(region, "-iso"), strings.HasPrefix(region, "eusc-"):
		return ""
	default:
		return "console.aws.amazon.com"
	}
}

// link links a label to a page of a function in the console. below is the part
// of the URL after the function's name, or "". If there is no console or a name
// is not valid, link returns the label unchanged.
func link(label string, o release.Outcome, below string) string {
	host := consoleHost(o.Region)
	if host == "" || !isName(o.Function) || below != "" && !isName(below) {
		return label
	}
	return fmt.Sprintf("[%s](https://%s/lambda/home?region=%s#/functions/%s%s)", label, host, o.Region, o.Function, below)
}

func functionLink(o release.Outcome) string { return link(code(o.Function), o, "") }

func aliasLink(o release.Outcome) string {
	if o.Alias == "" {
		return ""
	}
	return link(code(o.Alias), o, "/aliases/"+o.Alias)
}

func versionLink(o release.Outcome, v alias.Version) string {
	if v < 1 { // $LATEST: the page of the function itself
		return link(code(v.String()), o, "")
	}
	return link(v.String(), o, "/versions/"+v.String())
}
