package artifact

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"lambda-release/internal/lines"
)

// Kind is the sort of place that code comes from.
type Kind int

// The kinds of code. Zip and Folder are uploaded from here; S3 and Image are
// fetched by Lambda.
const (
	Zip    Kind = iota + 1 // an archive, sent as it is
	Folder                 // zipped here
	S3                     // an object in a bucket
	Image                  // an image in ECR
)

func (k Kind) String() string {
	switch k {
	case Zip:
		return "zip"
	case Folder:
		return "folder"
	case S3:
		return "s3"
	case Image:
		return "image"
	}
	return "unknown"
}

// Source is one CODE, parsed. Kind decides which fields are set.
type Source struct {
	Kind          Kind
	Path          string // Zip, Folder
	Bucket        string // S3: 3 to 63 characters
	Key           string // S3: at most 1,024 bytes
	ObjectVersion string // S3: "" is the newest
	ImageURI      string // Image: with a tag or a digest, never both
	Given         string // as given, without the space around it
}

// HashOnlyAtAWS reports whether only AWS knows the hash of the code: that of an
// object in S3, or of an image that is given by its tag.
func (s Source) HashOnlyAtAWS() bool {
	return s.Kind == S3 || s.Kind == Image && s.digest() == ""
}

// allowed is every form of a CODE.
const allowed = "write the path of a .zip or of a folder, s3://bucket/key or s3://bucket/key#version, " +
	"or the URI of an image in ECR with its tag or digest"

const (
	allowedS3    = "write s3://bucket/key, or s3://bucket/key#version"
	allowedImage = "write 123456789012.dkr.ecr.eu-central-1.amazonaws.com/repository:tag, or repository@sha256:digest in place of the last"
)

// scheme matches the beginning of an address; C:// is a drive.
var scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+)://`)

// parse reads one CODE; see Parse.
func parse(given string) (Source, *lines.Error) {
	s, wrong := parseKind(given)
	if wrong == nil {
		s.Given = given
	}
	return s, wrong
}

// ParseIn reads one CODE, whose path is relative to a folder; "" is the working
// directory. The error is a *lines.Error.
func ParseIn(dir, given string) (Source, error) {
	source, wrong := parse(given)
	if wrong != nil {
		return source, wrong
	}
	if dir != "" && source.Path != "" && !isAbsolute(source.Path) {
		source.Path = dir + "/" + strings.TrimPrefix(source.Path, "./")
		source.Given = source.Path
	}
	return source, nil
}

func parseKind(given string) (Source, *lines.Error) {
	switch {
	case given == "":
		return refuse("no code", allowed)
	case !utf8.ValidString(given) || strings.ContainsFunc(given, unicode.IsControl):
		return refuse("it contains a character that cannot be printed", allowed)
	}
	if m := scheme.FindStringSubmatch(given); m != nil {
		switch rest := given[len(m[0]):]; {
		case strings.EqualFold(m[1], "s3"):
			return parseS3(rest)
		case isECR(rest):
			return refuse("the URI of an image has no "+m[0], allowedImage)
		}
		return refuse("Lambda takes no code from "+m[0], allowed)
	}
	first, rest, _ := strings.Cut(given, "/")
	switch {
	case isECR(first):
		return parseImage(given, first, rest)
	case foreignRegistries[first]:
		return refuse("Lambda runs images from the private registries of ECR only", "push a copy to ECR, in the region of the function, and name that")
	case strings.HasPrefix(given, "arn:"):
		return refuse("an ARN is not a location of code", allowed)
	}
	return Source{Kind: kindOfPath(given), Path: given}, nil
}

// kindOfPath goes by the end of a name.
func kindOfPath(name string) Kind {
	if lower := strings.ToLower(name); strings.HasSuffix(lower, ".zip") || strings.HasSuffix(lower, ".jar") {
		return Zip
	}
	return Folder
}

func refuse(problem, allowed string) (Source, *lines.Error) {
	return Source{}, &lines.Error{Problem: problem, Allowed: allowed}
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
var (
	bucketName = regexp.MustCompile(`^[0-9A-Za-z._-]{3,63}$`)
	// S3 calls it opaque, and URL-ready.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
	objectVersion = regexp.MustCompile(`^[0-9A-Za-z._~-]+$`)
)

// address is what could be the address of a computer, which a bucket may not have as
// its name.
var address = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)

// IsBucket reports whether this can be the name of a bucket. Old buckets in us-east-1
// may have names with upper case and underscores.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func IsBucket(name string) bool {
	return bucketName.MatchString(name) && !address.MatchString(name) && !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") && !strings.Contains(name, "..")
}

// maxKey is how many bytes a key may have, and a version.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const maxKey = 1024

func parseS3(given string) (Source, *lines.Error) {
	bucket, key, _ := strings.Cut(given, "/")
	version := ""
	if i := strings.LastIndexByte(key, '#'); i >= 0 {
		key, version = key[:i], key[i+1:]
		if len(version) > maxKey || !objectVersion.MatchString(version) {
			return refuse(fmt.Sprintf("%.80q is not the version of an object", version), allowedS3)
		}
	}
	switch {
	case !IsBucket(bucket):
		return refuse(fmt.Sprintf("%.80q is not the name of a bucket", bucket), allowedS3)
	case key == "":
		return refuse("no key after the bucket", allowedS3)
	case strings.HasSuffix(key, "/"):
		return refuse("the key ends in a slash, but Lambda takes one object, a zip", allowedS3)
	case len(key) > maxKey:
		return refuse(fmt.Sprintf("the key has %d bytes, and S3 allows %d", len(key), maxKey), allowedS3)
	case strings.Contains(key, "?versionId="):
		return refuse("the version is written as in a URL", allowedS3)
	}
	return Source{Kind: S3, Bucket: bucket, Key: key, ObjectVersion: version}, nil
}

// foreignRegistries often hold images, and Lambda takes none from them.
// https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
var foreignRegistries = map[string]bool{
	"public.ecr.aws": true, "docker.io": true, "ghcr.io": true, "quay.io": true, "gcr.io": true,
}

var (
	// 123456789012.dkr.ecr.eu-central-1.amazonaws.com, in other partitions
	// amazonaws.com.cn or another domain; dkr-ecr.eu-central-1.on.aws has IPv6.
	registry = regexp.MustCompile(`^[0-9]{12}\.dkr[.-]ecr\.[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}(\.[a-z0-9-]+){2,}$`)
	// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
	repository  = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	imageTag    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// isECR reports whether the host of an address is a registry of ECR.
func isECR(address string) bool {
	host, _, _ := strings.Cut(address, "/")
	return strings.Contains(host, ".dkr.ecr") || strings.Contains(host, ".dkr-ecr")
}

func parseImage(given, host, rest string) (Source, *lines.Error) {
	rest, digest, byDigest := strings.Cut(rest, "@")
	repo, tag, byTag := strings.Cut(rest, ":")
	switch {
	case strings.Contains(host, "ecr-fips"):
		// https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
		return refuse("Lambda does not take images from the FIPS endpoints of ECR", "write ecr instead of ecr-fips in the name of the registry")
	case !registry.MatchString(host):
		return refuse(fmt.Sprintf("%.80q is not a registry of ECR", host), allowedImage)
	case len(repo) < 2 || len(repo) > 256 || !repository.MatchString(repo):
		return refuse(fmt.Sprintf("%.80q is not the name of a repository", repo), allowedImage)
	case byDigest && byTag:
		// Lambda answers "Source image … is not valid", as it does when both are missing.
		return refuse("it has both a tag and a digest", "leave one out; a digest always names the same image")
	case byDigest && !imageDigest.MatchString(digest):
		return refuse(fmt.Sprintf("%.80q is not a digest, which is sha256: and 64 of 0-9 and a-f", digest), allowedImage)
	case !byDigest && !byTag:
		return refuse("the image has neither tag nor digest, which Lambda refuses", allowedImage)
	case byTag && !imageTag.MatchString(tag):
		return refuse(fmt.Sprintf("%.80q is not a tag", tag), allowedImage)
	}
	return Source{Kind: Image, ImageURI: given}, nil
}

// digest is the hex of an image's digest; "" if it is named by a tag.
func (s Source) digest() string {
	_, hex, _ := strings.Cut(s.ImageURI, "@sha256:")
	return hex
}
