package stores

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	azuriteReadyLimit = 30 * time.Second // from start to first answer; it took 8 s on a busy machine of two cores
	azuriteStopGrace  = 3 * time.Second  // from SIGTERM to SIGKILL
	// azuriteMemory is how many MiB of blobs it may hold; its own default is half of the machine's memory. A load by the default
	// budget writes 4.4 GiB at most, and what is removed is freed minutes later.
	azuriteMemory   = 6144
	azuriteAccounts = 128 // storage accounts it is started with; their number can't grow later
	azureDomain     = ".blob.core.windows.net"
)

// azureAccount is a storage account of an Azurite process. Every bucket has one of its own, because Azure keeps CORS
// rules by account, not by container.
type azureAccount struct {
	name string
	key  string // base64 of 64 bytes, as Azure's keys are
}

// newAzureAccount makes an account's name and key. The key always holds "/" and "+" and ends in "==", as any may, so that
// no address is right only by luck.
func newAzureAccount() azureAccount {
	var name [8]byte
	rand.Read(name[:]) // never fails, by its own documentation
	for {
		var raw [64]byte
		rand.Read(raw[:])
		key := base64.StdEncoding.EncodeToString(raw[:])
		if strings.Contains(key, "/") && strings.Contains(key, "+") {
			return azureAccount{name: "bp" + hex.EncodeToString(name[:]), key: key}
		}
	}
}

// host is the name the account's blobs are reached under.
func (a azureAccount) host() string { return a.name + azureDomain }

// azurite is a running blob service. It speaks TLS, since it takes an https-only SAS over nothing else.
type azurite struct {
	child     *child // the process; nil where it runs in a container
	box       *box   // the container; nil where it is a process
	addr      string // 127.0.0.1:port
	accounts  []azureAccount
	transport *http.Transport // to addr and nowhere else, whatever a request's host
	work      string          // the process's own folder
	closing   atomic.Bool
}

// gone says that the process has ended or is being ended, and all its data with it.
func (a *azurite) gone() bool {
	if a.closing.Load() || a.box != nil {
		return a.closing.Load() || a.box.exited()
	}
	return a.child.exited()
}

// azuriteListens is what Azurite prints once it listens; the system has picked the port, so nobody else can have it.
var azuriteListens = regexp.MustCompile(`successfully listens on https://127\.0\.0\.1:(\d+)`)

// startAzurite runs a bundle in dir and returns when it answers. Account names and keys go through the environment, which other
// users of the machine can't read as they can read arguments. All data is in memory and ends with the process.
func startAzurite(ctx context.Context, node, bundle, dir string, ca *authority, accounts int) (*azurite, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, azuriteReadyLimit, fmt.Errorf("no answer within %v", azuriteReadyLimit))
	defer cancel()
	cert, err := ca.issue([]string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(dir, "azurite-")
	if err != nil {
		return nil, fmt.Errorf("start azurite: %w", err)
	}
	certFile, keyFile, err := writeCertificate(work, cert)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start azurite: %w", err), os.RemoveAll(work))
	}
	a, environment := newAzurite(accounts)
	a.child, err = startChild(work, childEnvironment("AZURITE_ACCOUNTS="+environment), node, bundle,
		"--blobHost", "127.0.0.1", "--blobPort", "0", "--cert", certFile, "--key", keyFile,
		"--inMemoryPersistence", "--extentMemoryLimit", strconv.Itoa(azuriteMemory),
		"--skipApiVersionCheck", "--disableTelemetry", "--silent")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start azurite: %w", err), os.RemoveAll(work))
	}
	a.work = work
	err = a.ready(ctx, ca.pool)
	// Key and certificate are read at the start, and needed no more. The folder stays: Azurite goes on making files in it.
	if err = errors.Join(err, os.Remove(certFile), os.Remove(keyFile)); err != nil {
		return nil, errors.Join(fmt.Errorf("start azurite: %w", err), a.close())
	}
	return a, nil
}

// newAzurite makes the accounts of a process or container, and the value of AZURITE_ACCOUNTS by which it learns of them.
func newAzurite(accounts int) (*azurite, string) {
	a := &azurite{}
	pairs := make([]string, accounts)
	for i := range pairs {
		account := newAzureAccount()
		a.accounts = append(a.accounts, account)
		pairs[i] = account.name + ":" + account.key
	}
	return a, strings.Join(pairs, ";")
}

// ready waits until the service answers over TLS with the certificate it was given.
func (a *azurite) ready(ctx context.Context, roots *x509.CertPool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for a.addr == "" {
		if m := azuriteListens.FindStringSubmatch(a.child.output.String()); m != nil {
			a.addr = net.JoinHostPort("127.0.0.1", m[1])
			break
		}
		if err := a.wait(ctx, tick.C); err != nil {
			return err
		}
	}
	return a.answers(ctx, tick.C, roots)
}

// answers waits until the service answers over TLS at its address.
func (a *azurite) answers(ctx context.Context, tick <-chan time.Time, roots *x509.CertPool) error {
	a.transport = azuriteTransport(a.addr, roots)
	for {
		err := a.ask(ctx)
		if err == nil {
			return nil
		}
		if waited := a.wait(ctx, tick); waited != nil {
			return fmt.Errorf("%w; its last answer: %w", waited, err)
		}
	}
}

// wait waits for a tick, the service's early end or the end of ctx.
func (a *azurite) wait(ctx context.Context, tick <-chan time.Time) error {
	var done chan struct{} // of the child; a container is asked at each tick
	if a.child != nil {
		done = a.child.done
	}
	select {
	case <-tick:
		if a.box != nil && a.box.exited() {
			return fmt.Errorf("it ended at once: %s", a.said())
		}
		return nil
	case <-done:
		return fmt.Errorf("it ended at once (%w): %s", a.child.err, a.said())
	case <-ctx.Done():
		return fmt.Errorf("%w: %s", context.Cause(ctx), a.said())
	}
}

// said is what the service wrote last, without the keys it was given.
func (a *azurite) said() string {
	var text string
	if a.box != nil {
		text = a.box.said()
	} else {
		text = a.child.output.String()
	}
	for _, account := range a.accounts {
		text = strings.ReplaceAll(text, account.key, "[redacted]")
	}
	const most = 2000
	if len(text) > most {
		text = "... " + text[len(text)-most:]
	}
	return strconv.Quote(text)
}

// ask wants any answer of Azurite's.
func (a *azurite) ask(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+a.accounts[0].host()+"/?comp=list", nil)
	if err != nil {
		return err
	}
	resp, err := a.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if server := resp.Header.Get("Server"); server != "Azurite-Blob/"+azuriteVersion {
		return fmt.Errorf("it answers as %q", server)
	}
	return nil
}

// close ends the process this azurite started. It is idempotent.
func (a *azurite) close() error {
	a.closing.Store(true)
	if a.transport != nil {
		a.transport.CloseIdleConnections()
	}
	if a.box != nil {
		return a.box.close()
	}
	err := a.child.stop(azuriteStopGrace)
	if err = errors.Join(err, os.RemoveAll(a.work)); err != nil {
		return fmt.Errorf("stop azurite: %w", err)
	}
	return nil
}

// azuriteTransport connects every request to addr by TLS, also one for an http URL, and trusts only what roots vouch for.
func azuriteTransport(addr string, roots *x509.CertPool) *http.Transport {
	d := &tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, addr)
	}
	return &http.Transport{
		DialContext:        dial,
		DialTLSContext:     dial,
		DisableCompression: true,
		// Under load Azurite closes connections that are to be used again, and a PUT on one that is being closed fails and
		// can't be repeated: a client would see a busy server where there is none.
		DisableKeepAlives: true,
	}
}

// writeCertificate writes a certificate and its key as PEM files that only their owner can read.
func writeCertificate(dir string, cert tls.Certificate) (certFile, keyFile string, err error) {
	chain, key, err := encodeCertificate(cert)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(certFile, chain, 0o600); err != nil {
		return "", "", fmt.Errorf("write a certificate: %w", err)
	}
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		return "", "", fmt.Errorf("write a certificate: %w", err)
	}
	return certFile, keyFile, nil
}
