package yard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/connector"
)

// stopLimit is how long requests under way may take to end when a connector is stopped.
const stopLimit = 5 * time.Second

// Running is a reference connector that listens on 127.0.0.1.
type Running struct {
	URL, Token string

	server *http.Server
	served chan struct{}
	close  func() error
}

// Reference starts a reference connector with a temporary database, which reaches the buckets of a yard and nothing else.
// It is spoken to over HTTP like any other. faults breaks its rules; nil is a sound one.
func Reference(ctx context.Context, y *run.Yard, faults connector.Faults, log io.Writer) (*Running, error) {
	return Behind(ctx, y, faults, log, func(h http.Handler) http.Handler { return h })
}

// Behind is Reference with something before its handler.
func Behind(ctx context.Context, y *run.Yard, faults connector.Faults, log io.Writer, front func(http.Handler) http.Handler) (*Running, error) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	r := &Running{Token: "bucketproof-operator-" + hex.EncodeToString(b[:]), served: make(chan struct{})}
	way := Wire(y, "bucketproof-connector")
	c, err := connector.New(ctx, connector.Options{OperatorToken: r.Token, Faults: faults, Log: log,
		HTTP: func(*address.Address) *http.Client { return way.Client() }})
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the connector: %w", err), c.Close())
	}
	r.URL, r.server = "http://"+l.Addr().String(), &http.Server{Handler: front(c.Handler()), ReadHeaderTimeout: 30 * time.Second}
	r.close = func() error {
		way.CloseIdle()
		return c.Close()
	}
	go func() {
		defer close(r.served)
		_ = r.server.Serve(l)
	}()
	return r, nil
}

// Close stops the connector and removes its database.
func (r *Running) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	err := r.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, r.server.Close())
	}
	<-r.served
	return errors.Join(err, r.close())
}
