package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"slices"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Archive is a zip to upload. It is read from disk as it is sent, and once before to
// sign it, so it is never in memory.
type Archive struct {
	Content io.ReaderAt
	Size    int64
	SHA256  string // in base64, as Lambda computes it; other content is not sent
}

// changedError reports that an archive is not what its hash says.
type changedError struct{}

func (*changedError) Error() string {
	return "the archive has changed since it was checked: nothing may write to it while this step runs"
}

// RetryableError keeps the SDK from sending it again.
func (*changedError) RetryableError() bool { return false }

// section is a part of an archive.
type section struct {
	offset, size int64
	sha256       [sha256.Size]byte
}

// stream is a section as a body.
func (a Archive) stream(s section) *stream {
	return &stream{size: s.size, open: func() io.Reader { return a.open(s) }}
}

// open reads a section. It fails at the end, before the last bytes are given, if the
// content is not that of the hash.
func (a Archive) open(s section) io.Reader {
	return &checkedReader{in: io.NewSectionReader(a.Content, s.offset, s.size), hash: sha256.New(), left: s.size, want: s.sha256}
}

type checkedReader struct {
	in   io.Reader
	hash hash.Hash
	left int64
	want [sha256.Size]byte
}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.hash.Write(p[:n]) // never fails
	r.left -= int64(n)
	atEnd := r.left == 0 || errors.Is(err, io.EOF)
	if atEnd && (r.left != 0 || !bytes.Equal(r.hash.Sum(nil), r.want[:])) {
		return 0, &changedError{}
	}
	return n, err
}

// whole is the archive as one section.
func (a Archive) whole() (section, error) {
	sum, err := base64.StdEncoding.DecodeString(a.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return section{}, fmt.Errorf("%q is not a SHA-256 in base64", a.SHA256)
	}
	return section{size: a.Size, sha256: [sha256.Size]byte(sum)}, nil
}

// sections are the parts of so many bytes, with their hashes, as they are read. The
// last one comes only if the archive is that of its own hash.
func (a Archive) sections(size int64) iter.Seq2[section, error] {
	return func(yield func(section, error) bool) {
		whole, err := a.whole()
		in := a.open(whole)
		for offset := int64(0); err == nil && offset < a.Size; offset += size {
			s := section{offset: offset, size: min(size, a.Size-offset)}
			sum := sha256.New()
			if _, err = io.CopyN(sum, in, s.size); err == nil {
				s.sha256 = [sha256.Size]byte(sum.Sum(nil))
				if !yield(s, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(section{}, err)
		}
	}
}

// openPerAttempt gives each attempt a stream of its own. net/http may still read that
// of the attempt before, if it was answered early.
func openPerAttempt(s *middleware.Stack) error {
	return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Open", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		req, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return out, metadata, fmt.Errorf("unknown type of request %T", in.Request)
		}
		if template, ok := req.GetStream().(*stream); ok {
			if in.Request, err = req.SetStream(&stream{open: template.open, size: template.size}); err != nil {
				return out, metadata, err
			}
		}
		return next.HandleFinalize(ctx, in)
	}), "Retry", middleware.After)
}

// stream is the body of a request that is read from disk.
type stream struct {
	open func() io.Reader
	size int64

	in io.Reader // nil at the beginning
}

func (s *stream) Read(p []byte) (int, error) {
	if s.in == nil {
		s.in = s.open()
	}
	return s.in.Read(p)
}

// Len is the length of the whole stream: the SDK asks before it reads.
func (s *stream) Len() int { return int(s.size) }

// Seek stays at the beginning, which is all that the SDK asks for.
func (s *stream) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence == io.SeekEnd || s.in != nil {
		return 0, errors.ErrUnsupported
	}
	return 0, nil
}

// withZip makes CreateFunction and UpdateFunctionCode send an archive as their ZipFile. The SDK would hold
// it three times: as it is, in base64, and in the JSON of the request.
func withZip(a Archive) func(*lambda.Options) {
	return func(o *lambda.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return errors.Join(openPerAttempt(s), s.Serialize.Add(middleware.SerializeMiddlewareFunc("ZipFile", a.serialize), middleware.After))
		})
	}
}

// serialize puts the archive into the JSON that the SDK has made of the other fields.
func (a Archive) serialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	out middleware.SerializeOutput, metadata middleware.Metadata, err error,
) {
	whole, err := a.whole()
	if err != nil {
		return out, metadata, err
	}
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, fmt.Errorf("unknown type of request %T", in.Request)
	}
	others, err := io.ReadAll(req.GetStream())
	if err != nil {
		return out, metadata, err
	}
	head, tail := around(others)
	body := &stream{
		size: int64(len(head)) + encodedLen(a.Size) + int64(len(tail)),
		open: func() io.Reader {
			return io.MultiReader(bytes.NewReader(head), &encoder{raw: a.open(whole)}, bytes.NewReader(tail))
		},
	}
	// The signature needs the hash of the body. The SDK would compute it for every
	// attempt.
	sum := sha256.New()
	if _, err := io.Copy(sum, body.open()); err != nil {
		return out, metadata, err
	}
	if in.Request, err = req.SetStream(body); err != nil {
		return out, metadata, err
	}
	return next.HandleSerialize(v4.SetPayloadHash(ctx, hex.EncodeToString(sum.Sum(nil))), in)
}

// around is what comes before and after an archive in the JSON of the other fields:
// CreateFunction has the code in an object of its own, which is empty there.
func around(others []byte) (head, tail []byte) {
	if before, after, nested := bytes.Cut(others, []byte(`"Code":{}`)); nested {
		return slices.Concat(before, []byte(`"Code":{"ZipFile":"`)), slices.Concat([]byte(`"}`), after)
	}
	before := bytes.TrimSuffix(others, []byte("}"))
	if len(before) > len("{") {
		before = slices.Concat(before, []byte(","))
	}
	return slices.Concat(before, []byte(`"ZipFile":"`)), []byte(`"}`)
}

// encodedLen is the length of so many bytes in base64.
func encodedLen(n int64) int64 { return (n + 2) / 3 * 4 }

// encoder reads in base64 what it reads from raw.
type encoder struct {
	raw     io.Reader
	in      [24 << 10]byte // a multiple of 3: no padding before the end
	out     [32 << 10]byte
	pending []byte
}

func (e *encoder) Read(p []byte) (int, error) {
	if len(e.pending) == 0 {
		n, err := io.ReadFull(e.raw, e.in[:])
		if n == 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		base64.StdEncoding.Encode(e.out[:], e.in[:n])
		e.pending = e.out[:encodedLen(int64(n))]
	}
	n := copy(p, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}
