package localaws

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// codeInput is where code comes from.
type codeInput struct {
	ZipFile         []byte
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
	ImageURI        string `json:"ImageUri"`
}

// check tells whether there is one source of code, and of the right kind.
func (in *codeInput) check(packageType, doing string) error {
	switch {
	case in.ZipFile == nil && in.S3Bucket == "" && in.ImageURI == "":
		return invalid("Please provide a source for function code.")
	case in.ZipFile != nil && (in.S3Bucket != "" || in.ImageURI != ""):
		return invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case packageType == "Image" && in.ImageURI == "":
		return invalid("Please provide ImageUri when %s a function with packageType Image.", doing)
	case packageType == "Zip" && in.ImageURI != "":
		return invalid("Please do not provide ImageUri when %s a function with packageType Zip.", doing)
	}
	return nil
}

// apply puts the code into a configuration; what is in S3 is fetched already.
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

// maxUnzipped is how large the unpacked code may be.
const maxUnzipped = 262144000

// checkZip refuses what Lambda cannot unpack.
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

// hash sets CodeSha256: of a zip its base64, of an image the digest in hex.
func (c *Function) hash() {
	if c.PackageType == "Image" {
		sum := sha256.Sum256([]byte(c.ImageURI))
		c.CodeSha256 = hex.EncodeToString(sum[:])
		return
	}
	sum := sha256.Sum256(c.Code)
	c.CodeSha256 = base64.StdEncoding.EncodeToString(sum[:])
}

// codeSize is what the code takes of the code storage; images are kept elsewhere.
func (c *Function) codeSize() int64 { return int64(len(c.Code)) }
