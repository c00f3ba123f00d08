package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"lambda-release/internal/awsapi"
)

// permission is the permission that a stage needs. Its source covers every
// method, route and path of the stage, and nothing else of the API.
//
// A REST API invokes as API/STAGE/METHOD/PATH. An HTTP API does so, too, but
// its $default route, and every route of a WebSocket API, is API/STAGE/KEY,
// which API/STAGE/*/* does not match.
// https://github.com/aws/serverless-application-model/issues/1860
func permission(s Stage, account string) awsapi.Permission {
	calls := "*/*"
	if s.HTTP {
		calls = "*"
	}
	return awsapi.Permission{
		ID:        statementID(s),
		Service:   "apigateway.amazonaws.com",
		Action:    "lambda:InvokeFunction",
		SourceARN: fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s/%s", s.Partition, s.Region, account, s.APIID, s.Name, calls),
	}
}

// statementID is the id of the permission for a stage, the same in every run.
// The readable part is truncated and not unique; the hash is of the stage's
// whole ARN. AWS takes at most 100 characters.
func statementID(s Stage) string {
	sum := sha256.Sum256([]byte(s.ARN))
	return fmt.Sprintf("lambda-release-%s-%s-%s", legal(s.APIID, 20), legal(s.Name, 40), hex.EncodeToString(sum[:])[:12])
}

// secondID is appended to the id of the permission while another statement has
// that id.
const secondID = "-b"

// legal is the beginning of a name, with characters that a statement's id may
// not have replaced.
func legal(name string, length int) string {
	name = strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '_'
	}, name)
	return name[:min(length, len(name))]
}
