package artifact

import (
	"fmt"
	"math"
)

// limits are what Lambda accepts in an upload, in bytes: lambdaLimits, and lower
// ones in tests.
type limits struct {
	zipped   int64 // the most that an archive may have
	unpacked int64 // its files together must have fewer
}

// lambdaLimits are documented as 50 MB and 250 MB, in megabytes of 1024 * 1024
// bytes. Beyond them the answers are "Zipped size must be smaller than 52428800
// bytes" (an archive of exactly that size passes) and "Unzipped size must be
// smaller than 262144000 bytes". The limit of the whole request, 70167211
// bytes, is out of reach: base64 makes 69905068 of the largest archive.
//
// The layers of the function count as unpacked, too. They are not known here,
// so what passes may still be refused.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
var lambdaLimits = limits{zipped: MaxUpload, unpacked: 250 << 20}

// MaxUpload is how many bytes an archive may have that is sent to Lambda. Larger ones
// it takes only from S3.
const MaxUpload = 50 << 20

// stagedLimits are for an archive that Lambda takes from S3. There is no limit for
// its size but that of its files.
var stagedLimits = limits{zipped: math.MaxInt64, unpacked: lambdaLimits.unpacked}

// What to do about each limit. S3 does not help with the unpacked size.
const (
	useS3    = "set the input s3-bucket to a bucket in the region of the function, or upload it there and give code as s3://bucket/key"
	useImage = "leave out what the function does not need, or build a container image, up to 10 GB; uploading by S3 does not help, the limit is the same"
)

func (l limits) checkZipped(size int64) error {
	if size <= l.zipped {
		return nil
	}
	return fmt.Errorf("%s (%d bytes) zipped, but an upload may have at most %s (%d): %s", megabytes(size), size, megabytes(l.zipped), l.zipped, useS3)
}

func (l limits) checkUnpacked(size int64) error {
	if size < l.unpacked {
		return nil
	}
	return fmt.Errorf("%s (%d bytes) unpacked, but Lambda takes less than %s (%d), layers included: %s", megabytes(size), size, megabytes(l.unpacked), l.unpacked, useImage)
}

// maxFiles is the most files that an archive of 50 MB could have: each takes at least
// 78 bytes, besides its content. It ends a walk through links from folder to folder,
// also if the archive may be larger.
func (l limits) maxFiles() int { return int(min(l.zipped, lambdaLimits.zipped) / 78) }

// plus adds sizes, which an archive may make up; the sum is at most MaxInt64.
func plus(total int64, size uint64) int64 {
	if size > math.MaxInt64 || int64(size) > math.MaxInt64-total {
		return math.MaxInt64
	}
	return total + int64(size)
}

// megabytes writes a size as AWS does: an MB has 1024 * 1024 bytes.
func megabytes(size int64) string {
	switch {
	case size < 1<<10:
		return fmt.Sprintf("%d bytes", size)
	case size < 1<<20:
		return fmt.Sprintf("%.1f KB", float64(size)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(size)/(1<<20))
}
