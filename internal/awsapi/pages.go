package awsapi

import (
	"context"
	"errors"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// errEndless says that a list has no end: the page behind a marker names the same marker.
var errEndless = errors.New("AWS answers a list with the same page again and again")

// eachPage yields the pages of a list, which calls about t answer. read returns a page
// and the marker of the next one; its own marker is nil for the first. An error ends the
// sequence.
func eachPage[T any](
	ctx context.Context, c *Client, t target, read func(marker *string) (page []T, next *string, err error),
) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var marker *string
		for {
			page, next, err := read(marker)
			if err == nil && marker != nil && aws.ToString(next) == *marker {
				err = c.failed(ctx, t, errEndless, &attempts{})
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) || aws.ToString(next) == "" {
				return
			}
			marker = next
		}
	}
}

// pages returns what all pages of a list have.
func pages[T any](
	ctx context.Context, c *Client, t target, read func(marker *string) (page []T, next *string, err error),
) ([]T, error) {
	var all []T
	for page, err := range eachPage(ctx, c, t, read) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}
