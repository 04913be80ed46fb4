package wire_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// script is a store that answers a connection's requests by their number, from 0 on, in bytes of its own choice.
type script struct {
	at    string
	conns atomic.Int64
}

// newScript starts one. Its answer ends the connection when it returns false, and reset says that a reset ends it.
func newScript(t *testing.T, reset bool, answer func(w io.Writer, conn, request int) bool) *script {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{at: "http://" + l.Addr().String()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			conn := int(s.conns.Add(1)) - 1
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				r := bufio.NewReader(c)
				for n := 0; ; n++ {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					if !answer(c, conn, n) {
						if reset {
							_ = c.(*net.TCPConn).SetLinger(0)
						}
						return
					}
				}
			})
		}
	})
	return s
}
