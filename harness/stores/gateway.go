package stores

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"github.com/bucketproof/bucketproof/reports"
)

const (
	gatewayRegion  = "us-east-1"
	gatewayDomain  = "cwobject.com"
	gatewayVersion = "v1.8.0" // of github.com/versity/versitygw, as go.mod has it; a test compares

	// startLimit is how long the gateway may take to listen.
	startLimit = 10 * time.Second
	// socketLimit keeps a socket's path below what the smallest platform allows (104 bytes with the final zero).
	socketLimit = 100
)

// gateway is the process's one versitygw: S3 with real signatures, policies, CORS, versions and multipart uploads, on a
// socket in a private directory. versitygw runs once a process and knows one region and one virtual domain.
type gateway struct {
	dir       string
	root      credentials
	users     *accounts
	transport *http.Transport
	progress  func(string)
	beside    bool // keep metadata beside the data, as where a file system has no extended attributes

	mu      sync.Mutex
	be      *rooted
	socket  string
	private string // a directory made for the socket alone, "" if it is in dir
	cancel  context.CancelFunc
	ended   chan struct{}
	failed  error // why it ended; set before ended is closed

	examining sync.Mutex
	examined  []reports.Fidelity // what is asked once, not for every bucket
}

func newGateway(dir string, progress func(string)) *gateway {
	g := &gateway{dir: filepath.Join(dir, "s3"), users: newAccounts(), progress: progress}
	g.transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", g.socket)
		},
		DisableCompression:    true, // what the client asked for is what the gateway is asked for
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       30 * time.Second,
		ExpectContinueTimeout: 5 * time.Second,
	}
	return g
}

// start starts the gateway, if it isn't running, and returns when it answers. A failed start can be tried again.
func (g *gateway) start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		select {
		case <-g.ended:
			return fmt.Errorf("the S3 gateway has ended: %w", g.failed)
		default:
			return nil
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := g.prepare(); err != nil {
		return errors.Join(err, g.clean())
	}
	listening := make(chan struct{})
	run, cancel := context.WithCancel(context.Background())
	g.cancel, g.ended, g.failed = cancel, make(chan struct{}), nil
	go func(be *rooted, ended chan struct{}) {
		defer close(ended)
		g.failed = embedgw.RunVersityGW(run, be, &embedgw.Config{
			RootUserAccess: g.root.id, RootUserSecret: g.root.secret, IAMService: g.users,
			Region: gatewayRegion, VirtualDomain: gatewayDomain,
			Ports: []string{g.socket}, SocketPerm: "0600",
			MaxConnections: 1024, MaxRequests: 1024, MultipartMaxParts: 10000, KeepAlive: true, Quiet: true,
			S3Options: []s3api.Option{s3api.WithOnListen(func() { close(listening) })},
		})
	}(g.be, g.ended)
	return g.await(listening)
}

// await returns when the gateway has answered a first request. It doesn't end with the caller's context: to stop a gateway
// that listens but doesn't serve yet leaves its listener behind for good (fasthttp's Shutdown closes what Serve has noted).
func (g *gateway) await(listening <-chan struct{}) error {
	ctx, stop := context.WithTimeout(context.Background(), startLimit)
	defer stop()
	select {
	case <-listening:
	case <-g.ended:
		return errors.Join(fmt.Errorf("start the S3 gateway: %w", g.failed), g.clean())
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("start the S3 gateway: it didn't listen within %v", startLimit), g.stop())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/", nil)
	if err == nil {
		var resp *http.Response
		if resp, err = g.transport.RoundTrip(r); err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("start the S3 gateway: %w", withoutURL(err)), g.stop())
	}
	return nil
}

// prepare makes everything the gateway stands on.
func (g *gateway) prepare() error {
	root, err := newCredentials()
	if err != nil {
		return err
	}
	g.root = root
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return fmt.Errorf("make the gateway's directory: %w", err)
	}
	g.socket = filepath.Join(g.dir, "sock")
	if len(g.socket) > socketLimit {
		for _, parent := range []string{os.TempDir(), "/tmp"} {
			d, err := os.MkdirTemp(parent, "bp-")
			if err != nil {
				continue
			}
			if g.socket = filepath.Join(d, "sock"); len(g.socket) <= socketLimit {
				g.private = d
				break
			}
			os.Remove(d)
		}
		if g.private == "" {
			return fmt.Errorf("no directory is short enough for a socket: %d bytes, %d are allowed", len(g.socket), socketLimit)
		}
	}
	g.be, err = newRooted(g.dir, g.beside, g.progress)
	return err
}

// addUser makes a user who may do nothing until a policy names him.
func (g *gateway) addUser() (credentials, error) {
	c, err := newCredentials()
	if err != nil {
		return c, err
	}
	return c, g.users.CreateAccount(auth.Account{Access: c.id, Secret: c.secret, Role: auth.RoleUser})
}

func (g *gateway) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel == nil {
		return nil
	}
	return g.stop()
}

// stop ends a started gateway; it is called with the lock held.
func (g *gateway) stop() error {
	g.transport.CloseIdleConnections()
	g.cancel()
	var err error
	select {
	case <-g.ended:
		if g.failed != nil {
			err = fmt.Errorf("the S3 gateway ended: %w", g.failed)
		}
	case <-time.After(closeLimit):
		err = fmt.Errorf("the S3 gateway didn't end within %v", closeLimit)
	}
	return errors.Join(err, g.clean())
}

// clean removes what prepare made.
func (g *gateway) clean() error {
	g.cancel = nil
	if g.be != nil {
		g.be.Shutdown() // a gateway that never ran didn't; twice does no harm
		g.be = nil
	}
	errs := []error{os.RemoveAll(g.dir)}
	if g.private != "" {
		errs = append(errs, os.RemoveAll(g.private))
		g.private = ""
	}
	return errors.Join(errs...)
}

// storage is the running gateway's storage.
func (g *gateway) storage() (*rooted, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.be == nil {
		return nil, ErrClosed
	}
	return g.be, nil
}

// erase removes a bucket; with the gateway gone there is nothing to remove.
func (g *gateway) erase(bucket string) error {
	be, err := g.storage()
	if err != nil {
		return nil
	}
	return be.erase(bucket)
}
