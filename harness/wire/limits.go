package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Limits of one request. Nothing is repeated: what doesn't answer within them has not answered.
const (
	DialLimit      = 8 * time.Second  // name, connection
	HandshakeLimit = 8 * time.Second  // TLS
	AnswerLimit    = 15 * time.Second // from the last byte sent to the first byte of the answer
	// TransferLimit is how long a body may take, a request's and an answer's, besides what its length earns at SlowestRate:
	// a store that drips a byte now and then has not answered.
	TransferLimit = 10 * time.Second
	SlowestRate   = 128 << 10 // bytes a second
)

// Limits are other limits than these; 0 means the constant.
type Limits struct {
	Dial, Handshake, Answer, Transfer time.Duration
	Rate                              int64 // bytes a second
}

func (l Limits) orDefault() Limits {
	for _, at := range []struct {
		limit  *time.Duration
		always time.Duration
	}{{&l.Dial, DialLimit}, {&l.Handshake, HandshakeLimit}, {&l.Answer, AnswerLimit}, {&l.Transfer, TransferLimit}} {
		if *at.limit == 0 {
			*at.limit = at.always
		}
	}
	if l.Rate == 0 {
		l.Rate = SlowestRate
	}
	return l
}

// TimeoutError is a limit that ran out. It is a net.Error.
type TimeoutError struct {
	What  string // what didn't come: "connection", "TLS handshake", "answer", "end of the answer"
	Limit time.Duration
}

func (e *TimeoutError) Error() string { return fmt.Sprintf("no %s within %s", e.What, e.Limit) }

// Timeout is always true.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is always true: nothing was decided.
func (e *TimeoutError) Temporary() bool { return true }

// named names the limit that ran out, if it was one: not the resolver's own, and not the caller's.
func named(ctx context.Context, err error, what string, limit time.Duration) error {
	var timeout net.Error
	var dns *net.DNSError
	var ours *TimeoutError
	if err == nil || ctx.Err() != nil || errors.As(err, &dns) || errors.As(err, &ours) || !errors.As(err, &timeout) || !timeout.Timeout() {
		return err
	}
	return &TimeoutError{What: what, Limit: limit}
}
