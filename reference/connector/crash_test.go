//go:build unix

package connector_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// childDatabase makes the test's program a connector: TestMain serves that database until it is killed.
const childDatabase = "BUCKETPROOF_CONNECTOR_TEST_CHILD"

// childDurable has that connector wait for the disk.
const childDurable = "BUCKETPROOF_CONNECTOR_TEST_DURABLE"

func TestMain(m *testing.M) {
	if database := os.Getenv(childDatabase); database != "" {
		if err := serveChild(database); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveChild(database string) error {
	c, err := connector.New(context.Background(), connector.Options{Database: database, OperatorToken: operatorToken, Log: os.Stderr, Durable: os.Getenv(childDurable) != ""})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, c.Handler())
}

// startChild runs a connector in a process of its own, whose address replaces the service's.
func (w *world) startChild(database string, more ...string) *exec.Cmd {
	w.t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), childDatabase+"="+database), more...)
	c.Stderr = w.log
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		w.t.Fatalf("the child says no address: %v: %s", err, w.log.String())
	}
	w.server = &httptest.Server{URL: strings.TrimSpace(line)}
	return c
}

// TestKilledAtAnyMoment kills the connector's process with SIGKILL while clients write, starts it again, and wants everything
// that was acknowledged to be there, nothing to be there by half, and no probe left in the bucket.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const seed, rounds, clients = 20250917, 8, 6
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	database := "sqlite://" + filepath.Join(t.TempDir(), "c.db")
	w := &world{service: &service{t: t, log: &lockedBuffer{}}, store: newFakeBucket(t), people: map[string]string{}}
	child := w.startChild(database)
	own := w.store.address("own", "sub")
	w.populate(object{"supportedFileStores": own})
	ann := w.user("ann", w.org, "member")
	team := w.team("kappa", nil, "ann")
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)

	var mu sync.Mutex
	files, teams, artifacts := map[string]bool{}, map[string]bool{}, map[string]bool{} // acknowledged
	rows, asked := 0, 0
	for round := range rounds {
		stop := make(chan struct{})
		var group sync.WaitGroup
		for n := range clients {
			group.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					id := fmt.Sprintf("%d-%d-%d", round, n, i)
					mu.Lock()
					asked++
					mu.Unlock()
					ok := func(status int, token, path string, body any) (reply, bool) {
						r, err := w.try(token, "POST", path, body)
						return r, err == nil && r.status == status
					}
					var r reply
					var done bool
					var in map[string]bool
					switch i % 4 {
					case 0:
						_, done = ok(201, ann, run+"/files", object{"files": []object{
							{"name": id + "/a", "kind": "run-file", "size": 1}, {"name": id + "/b", "kind": "run-file", "size": 1}, {"name": id + "/c", "kind": "run-file", "size": 1}}})
						in = files
					case 1:
						_, done = ok(201, w.admin, w.in+"/teams", object{"name": id, "storageType": "external", "storage": object{"provider": "s3-compatible", "address": own}})
						in = teams
					case 2:
						r, done = ok(201, ann, team+"/artifacts", object{"project": "p", "name": id, "files": []object{{"name": "x", "md5": md5Of([]byte(id)), "size": 1}}})
						if done {
							id = r.body["id"].(string)
						}
						in = artifacts
					default:
						_, done = ok(204, ann, run+"/records", object{"kind": "history", "rows": []object{{"n": 1}, {"n": 2}}})
					}
					mu.Lock()
					switch {
					case done && in != nil:
						in[id] = true
					case done:
						rows += 2
					}
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(50+random.IntN(350)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		close(stop)
		group.Wait()
		var more []string
		if round%2 == 0 { // what was written without waiting for the disk is found with, and the other way round
			more = []string{childDurable + "=1"}
		}
		child = w.startChild(database, more...)

		there := map[string]int{}
		for _, f := range w.must(200, ann, "GET", run+"/files", nil)["files"].([]any) {
			name, _, _ := strings.Cut(f.(object)["name"].(string), "/")
			there[name]++
		}
		for id, n := range there {
			if n != 3 {
				t.Errorf("round %d: of the three files %s/… there are %d", round, id, n)
			}
		}
		for id := range files {
			if there[id] == 0 {
				t.Errorf("round %d: the files %s/… were acknowledged and are gone", round, id)
			}
		}
		listed := map[string]bool{}
		for _, x := range w.must(200, w.admin, "GET", w.in+"/teams", nil)["teams"].([]any) {
			one := x.(object)
			listed[one["name"].(string)] = true
			if one["name"] != "kappa" && (one["storageType"] != "external" || one["storage"] == nil) {
				t.Errorf("round %d: the team %v is there by half: %v", round, one["name"], one)
			}
		}
		for id := range teams {
			if !listed[id] {
				t.Errorf("round %d: the team %s was acknowledged and is gone", round, id)
			}
		}
		for id := range artifacts {
			if got := w.must(200, ann, "GET", w.in+"/artifacts/"+id, nil)["files"].([]any); len(got) != 1 {
				t.Errorf("round %d: the artifact %s has %d files, want 1", round, id, len(got))
			}
		}
		if got := len(w.must(200, ann, "GET", run+"/records?kind=history", nil)["rows"].([]any)); got < rows || got%2 != 0 {
			t.Errorf("round %d: got %d records, want at least the %d acknowledged, and no half request", round, got, rows)
		}
		if got := w.store.keys(); len(got) != 0 {
			t.Errorf("round %d: objects left in the bucket: %q", round, got)
		}
	}
	t.Logf("%d requests, acknowledged: files of %d, %d teams, %d artifacts, %d records", asked, len(files), len(teams), len(artifacts), rows)
	if len(files) == 0 || len(teams) == 0 || len(artifacts) == 0 || rows == 0 {
		t.Error("something was never acknowledged, so nothing was seen of it")
	}
}
