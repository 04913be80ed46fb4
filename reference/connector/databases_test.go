//go:build linux

package connector_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// serverStart is how long a database server may take to come up.
const serverStart = 60 * time.Second

// TestOtherDatabases takes the whole life of a team through PostgreSQL, and through MySQL or its nearest kin, where their
// programs are on this machine. BUCKETPROOF_TEST_MYSQL names a real MySQL 8 instead.
func TestOtherDatabases(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		start func(t *testing.T) string
	}{
		{"PostgreSQL", startPostgres},
		{"MySQL", startMySQL},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			database := tc.start(t)
			o := connector.Options{Database: database, Key: bytes.Repeat([]byte{7}, 32), Durable: true}
			liveWith(t, o)
		})
	}
}

// liveWith does with a database what a connector does, ends the connector, and looks at what the next one finds.
func liveWith(t *testing.T, o connector.Options) {
	a := newArtifacts(t, o)
	if _, err := connector.New(t.Context(), connector.Options{Database: o.Database, Key: o.Key, OperatorToken: "x"}); err == nil || !strings.Contains(err.Error(), "nother connector") {
		t.Errorf("a second connector: got %v, want it refused", err)
	}
	// names that differ in case and accents only are different names
	for _, name := range []string{"Kappa", "käppa", "kappa2"} {
		a.world.team(name, nil)
	}
	if r := a.do(a.admin, "POST", a.in+"/teams", object{"name": "käppa", "storageType": "internal"}); r.status != 409 {
		t.Errorf("a name that is taken: got %d %s, want 409", r.status, r.text)
	}
	run := a.in + "/runs/" + a.must(201, a.ann, "POST", a.team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	files := object{"files": []object{{"name": "ä/" + strings.Repeat("n", 800), "kind": "run-file", "size": 3}, {"name": "Ä", "kind": "media-file", "size": 1}, {"name": "ä", "kind": "media-file", "size": 1}}}
	first := fmt.Sprint(ids(a.must(201, a.ann, "POST", run+"/files", files)))
	if second := fmt.Sprint(ids(a.must(201, a.ann, "POST", run+"/files", files))); second != first {
		t.Errorf("the same files again: got %v, want the same IDs %v", second, first)
	}
	for range 3 {
		a.must(204, a.ann, "POST", run+"/records", object{"kind": "history", "rows": []object{{"_step": 1, "text": "zürich \u0000 😀"}}})
	}
	a.must(201, a.ann, "POST", a.team+"/reports", object{"title": "t", "body": "b 😀"})
	one, two := a.whole("one", "shared", "x"), a.whole("two", "shared")
	a.must(204, a.ann, "DELETE", one, nil)
	if got := a.collect(); got["removed"] != 1.0 || got["kept"] != 1.0 {
		t.Errorf("garbage collection: got %v, want 1 removed and 1 kept", got)
	}
	a.stop()
	a.service = start(t, o)
	if got := len(a.must(200, a.ann, "GET", run+"/files", nil)["files"].([]any)); got != 3 {
		t.Errorf("files: got %d, want 3", got)
	}
	rows := a.must(200, a.ann, "GET", run+"/records?kind=history", nil)["rows"].([]any)
	if len(rows) != 3 || rows[0].(object)["text"] != "zürich \u0000 😀" {
		t.Errorf("records: got %v, want the 3 that were sent", rows)
	}
	a.must(200, a.ann, "POST", two+"/commit", nil)
	if got := len(a.must(201, a.ann, "POST", run+"/export", nil)["files"].([]any)); got != 1 {
		t.Errorf("exports: got %d, want 1", got)
	}
	a.must(204, operatorToken, "DELETE", a.in, nil)
	if r := a.do(a.ann, "GET", run+"/files", nil); r.status != 401 {
		t.Errorf("after the instance was forgotten: got %d %s, want 401", r.status, r.text)
	}
}

func ids(made object) (out []string) {
	for _, f := range made["files"].([]any) {
		out = append(out, f.(object)["id"].(string))
	}
	return out
}

// program finds a program on the path or in Debian's folders; the test is skipped without it.
func program(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/sbin/", "/usr/libexec/"} {
			if found, _ := filepath.Glob(pattern + name); len(found) > 0 {
				return found[len(found)-1]
			}
		}
	}
	t.Skipf("not run: no %s on this machine", strings.Join(names, " or "))
	return ""
}

// unprivileged makes a folder for a server, and says as whom to run it: these servers refuse to run as root.
func unprivileged(t *testing.T) (dir string, attr *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "bp-db-") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	attr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		return dir, attr
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("not run: no user to run a server as: %v", err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return dir, attr
}

// serve runs a server until the test ends, and waits until a command succeeds.
func serve(t *testing.T, dir string, attr *syscall.SysProcAttr, command []string, ready func(ctx context.Context) error) {
	t.Helper()
	var log bytes.Buffer
	c := exec.Command(command[0], command[1:]...)
	c.Dir, c.SysProcAttr, c.Stdout, c.Stderr = dir, attr, &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait()
	}()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = c.Process.Kill()
			<-ended
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), serverStart)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", command[0], log.String())
		case <-ctx.Done():
			t.Fatalf("%s isn't ready within %v: %v", command[0], serverStart, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func asUser(ctx context.Context, dir string, attr *syscall.SysProcAttr, command ...string) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.SysProcAttr, c.Env = dir, attr, append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, out)
	}
	return nil
}

func startPostgres(t *testing.T) string {
	initdb, postgres := program(t, "initdb"), program(t, "postgres")
	dir, attr := unprivileged(t)
	data := filepath.Join(dir, "data")
	if err := asUser(t.Context(), dir, attr, initdb, "-D", data, "-U", "bucketproof", "-A", "trust", "-E", "UTF8", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	serve(t, dir, attr, []string{postgres, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off"}, func(context.Context) error {
		conn, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.5432"))
		if err == nil {
			_ = conn.Close()
			c, err := connector.New(t.Context(), connector.Options{Database: postgresURL(dir), Key: bytes.Repeat([]byte{7}, 32), OperatorToken: "x"})
			if err == nil {
				return c.Close()
			}
			if strings.Contains(err.Error(), "starting up") || strings.Contains(err.Error(), "no connection") {
				return err
			}
			t.Fatal(err)
		}
		return err
	})
	return postgresURL(dir)
}

func postgresURL(dir string) string {
	return "postgres://bucketproof@/postgres?host=" + dir + "&sslmode=disable"
}

// startMySQL starts MariaDB, the nearest that Debian has, unless a MySQL is named.
func startMySQL(t *testing.T) string {
	if given := os.Getenv("BUCKETPROOF_TEST_MYSQL"); given != "" {
		return given
	}
	server, install := program(t, "mysqld", "mariadbd"), program(t, "mysql_install_db", "mariadb-install-db")
	client := program(t, "mysql", "mariadb")
	dir, attr := unprivileged(t)
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "s")
	if err := asUser(t.Context(), dir, attr, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		t.Fatal(err)
	}
	t.Log("the server is MariaDB, not MySQL 8: set BUCKETPROOF_TEST_MYSQL to mysql://… to test with that")
	serve(t, dir, attr, []string{server, "--no-defaults", "--datadir=" + data, "--socket=" + socket, "--skip-networking", "--pid-file=" + filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0"},
		func(ctx context.Context) error {
			return asUser(ctx, dir, attr, client, "--no-defaults", "-u", "root", "-S", socket, "-e", "CREATE DATABASE IF NOT EXISTS bucketproof")
		})
	return "mysql://root@localhost/bucketproof?socket=" + socket
}
