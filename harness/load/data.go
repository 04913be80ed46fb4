package load

import (
	"bytes"
	"io"
	"math/rand/v2"
	"sync"
)

// Data are the bytes of all objects: one random block that repeats, from which each object begins at a place of its own. Its
// length is odd, so that no store which compresses or keeps equal blocks once finds two of them at its own boundaries.
type Data struct{ block []byte }

// blockSize is the length of the block.
const blockSize = 16<<20 + 4093

// NewData makes the data of a seed.
func NewData(seed int64) *Data {
	var s [32]byte
	for i := range 8 {
		s[i] = byte(seed >> (8 * i))
	}
	d := &Data{block: make([]byte, blockSize)}
	_, _ = rand.NewChaCha8(s).Read(d.block) // never fails
	return d
}

// at is where in the block a byte of an object stands.
func (d *Data) at(number int, offset int64) int {
	const stride = 1_299_709 // a prime: no two of the first millions of objects begin alike
	return int((int64(number)*stride + offset) % int64(len(d.block)))
}

// Read fills p with the bytes of an object from an offset on.
func (d *Data) read(p []byte, number int, offset int64) int {
	return copy(p, d.block[d.at(number, offset):])
}

// same reports whether p holds the bytes of an object from an offset on.
func (d *Data) same(p []byte, number int, offset int64) bool {
	for len(p) > 0 {
		want := d.block[d.at(number, offset):]
		n := min(len(p), len(want))
		if !bytes.Equal(p[:n], want[:n]) {
			return false
		}
		p, offset = p[n:], offset+int64(n)
	}
	return true
}

// body is a request's body: length bytes of an object from an offset on. Nothing is copied but what is sent.
type body struct {
	d      *Data
	number int
	offset int64
	left   int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n := b.d.read(p[:min(int64(len(p)), b.left)], b.number, b.offset)
	b.offset += int64(n)
	b.left -= int64(n)
	return n, nil
}

// Len is how much is left of it, in bytes.
func (b *body) Len() int64 { return b.left }

// WriteTo sends the rest of it from the block itself: where the transport can, nothing is copied.
func (b *body) WriteTo(w io.Writer) (sent int64, err error) {
	for b.left > 0 && err == nil {
		p := b.d.block[b.d.at(b.number, b.offset):]
		var n int
		n, err = w.Write(p[:min(int64(len(p)), b.left, sendSize)])
		b.offset, b.left, sent = b.offset+int64(n), b.left-int64(n), sent+int64(n)
	}
	return sent, err
}

// sendSize is how much is sent at once.
const sendSize = 256 << 10

func (*body) Close() error { return nil }

// bufferSize is how much of an answer is read at once.
const bufferSize = 128 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// drain reads an answer to its end without looking at it.
func drain(r io.Reader) (int64, error) {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	return io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, *b)
}

// receive reads an answer and compares it with length bytes of an object from an offset on. It returns how many bytes came; same
// is false when they are others, or of another number.
func (d *Data) receive(r io.Reader, number int, offset, length int64) (n int64, same bool, err error) {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	same = true
	for {
		got, err := r.Read(*b)
		if got > 0 {
			same = same && n+int64(got) <= length && d.same((*b)[:got], number, offset+n)
			n += int64(got)
		}
		switch {
		case err == io.EOF: // a Reader's own end
			return n, same && n == length, nil
		case err != nil:
			return n, same, err
		}
	}
}
