package localaws

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// codeInput is the code in a call.
type codeInput struct {
	ZipFile         []byte
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
	ImageURI        string `json:"ImageUri"`
}

// check reports an error unless there is exactly one source of code and it fits
// the package type.
func (in *codeInput) check(packageType, doing string) error {
	switch {
	case in.ZipFile == nil && in.S3Bucket == "" && in.ImageURI == "":
		return invalid("Please provide a source for function code.")
	case in.ZipFile != nil && (in.S3Bucket != "" || in.ImageURI != ""):
		return invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case packageType == "Image" && in.ImageURI == "":
		return invalid("Please provide ImageUri when %s a function with packageType Image.", doing)
	case packageType == "Zip" && in.ImageURI != "":
		return invalid("Please don't provide ImageUri when %s a function with packageType Zip.", doing)
	}
	return nil
}

// apply sets the code of a configuration. Code in S3 must have been fetched.
func (in *codeInput) apply(c *Function) error {
	switch {
	case in.ImageURI != "":
		c.ImageURI, c.Code = in.ImageURI, nil
	default:
		if err := checkZip(in.ZipFile); err != nil {
			return err
		}
		c.Code = in.ZipFile
	}
	c.hash()
	return nil
}

// maxUnzipped is the limit in bytes for the unpacked code.
const maxUnzipped = 262144000

// checkZip refuses a zip that Lambda cannot unpack.
func checkZip(b []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	if len(archive.File) == 0 {
		return invalid("Uploaded file must be a non-empty zip")
	}
	var size uint64
	for _, file := range archive.File {
		size += file.UncompressedSize64
	}
	if size >= maxUnzipped {
		return invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	return nil
}

// hash sets CodeSha256: in base64 for a zip, in hex for an image.
func (c *Function) hash() {
	if _, digest, given := strings.Cut(c.ImageURI, "@sha256:"); given {
		c.CodeSha256 = digest
		return
	}
	if c.PackageType == "Image" {
		sum := sha256.Sum256([]byte(c.ImageURI))
		c.CodeSha256 = hex.EncodeToString(sum[:])
		return
	}
	sum := sha256.Sum256(c.Code)
	c.CodeSha256 = base64.StdEncoding.EncodeToString(sum[:])
}

// codeSize returns the size of the code in the code storage, which has no images.
func (c *Function) codeSize() int64 { return int64(len(c.Code)) }
