package artifact

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkZipFolder zips 40 MB in 400 files, half of it text; x-flate is how
// many times as long it takes as compressing the same bytes does alone.
func BenchmarkZipFolder(b *testing.B) {
	const files, size = 400, 100 << 10
	text := bytes.Repeat([]byte("const answer = computeTheAnswer(42); // of everything\n"), size)
	random := noise(files * size / 2)
	dir := b.TempDir()
	var all []byte
	for i := range files {
		content := append(bytes.Clone(random[i*size/2:(i+1)*size/2]), text[i:i+size/2]...)
		put(b, filepath.Join(dir, fmt.Sprintf("%02d", i%20), fmt.Sprint(i)), string(content), 0o644)
		all = append(all, content...)
	}
	s := parsed(b, dir)
	plain := time.Duration(0)
	b.SetBytes(int64(len(all)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Inspect(b.Context(), noEnv, false); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		start := time.Now()
		w, err := flate.NewWriter(io.Discard, level)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(all); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		plain += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(plain), "x-flate")
}
