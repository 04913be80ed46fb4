package wire

import (
	"net"
	"net/http/httptrace"
	"testing"
)

// Whether net/http finds a kept connection closed before or after it writes is a matter of luck, so the decision is tested
// from the inside.
func TestASecondTryIsMutedOnlyIfTheRequestWasSent(t *testing.T) {
	for _, test := range []struct {
		name  string
		sent  int64
		muted bool
	}{
		{"nothing was sent", 0, false},
		{"only TLS said goodbye", 24, false},
		{"the request was sent", 300, true},
	} {
		a, b := net.Pipe()
		first, second := &meteredConn{Conn: a}, &meteredConn{Conn: b}
		first.sent.Store(1000) // earlier requests
		var try tries
		try.got(httptrace.GotConnInfo{Conn: first, Reused: true})
		first.sent.Add(test.sent)
		try.got(httptrace.GotConnInfo{Conn: second})
		if try.again() != test.muted || second.muted.Load() != test.muted {
			t.Errorf("%s: repeated %t, muted %t; want %t", test.name, try.again(), second.muted.Load(), test.muted)
		}
		if test.muted {
			if _, err := second.Write([]byte("x")); err == nil {
				t.Errorf("%s: the muted connection wrote", test.name)
			}
		}
		_ = a.Close()
	}
}
