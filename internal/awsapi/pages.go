package awsapi

import "github.com/aws/aws-sdk-go-v2/aws"

// pages returns what all pages of a list have. read returns a page and the marker of
// the next one; its own marker is nil for the first.
func pages[T any](read func(marker *string) (page []T, next *string, err error)) ([]T, error) {
	var all []T
	var marker *string
	for {
		page, next, err := read(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if aws.ToString(next) == "" {
			return all, nil
		}
		marker = next
	}
}
