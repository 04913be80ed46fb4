package load

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
)

// What is sent from where it lies is what is read back, also across the end of the block.
func TestABodyArrivesAsItIs(t *testing.T) {
	d := NewData(1)
	for _, secure := range []bool{false, true} {
		for _, size := range []int64{0, 1, 4096, 1 << 20, 17 << 20} {
			for _, number := range []int{0, 12} { // 12 begins 1.2 MB before the end of the block
				t.Run(fmt.Sprintf("secure %t, %d bytes of object %d", secure, size, number), func(t *testing.T) {
					var got int64
					var same bool
					l, err := newLoopback(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						got, same, _ = d.receive(r.Body, number, 0, size)
						w.Header().Set("Content-Length", "0")
					}), secure)
					if err != nil {
						t.Fatal(err)
					}
					defer l.Close()
					c, transport, err := l.Client(d, 1)
					if err != nil {
						t.Fatal(err)
					}
					defer transport.CloseIdle()
					log := &Log{}
					op := c.Move(t.Context(), &Job{Case: &budgets.Case{Size: budgets.Size(size)}, Kind: Put, Key: loopPrefix + "k", Number: number}, log.sheet(0, 0, 0))
					if words, _ := log.Failures(); op.Outcome != Done || got != size || !same {
						t.Errorf("got %s with %d bytes, the right ones: %t (%q), want all of %d", op.Outcome, got, same, words, size)
					}
				})
			}
		}
	}
}
