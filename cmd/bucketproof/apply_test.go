package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/cors"
)

// TestPrescribeApply shows the difference, refuses to write unasked, writes, and finds nothing missing then.
func TestPrescribeApply(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "coreweave", stores.Setup{MoreActions: []string{"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutBucketCORS"}, CORS: &cors.Policy{Provider: "coreweave"}})
	flags := append([]string{"prescribe", "-", "--deployment", "multi-tenant", "--org-id", "org1"}, flagsFor(t, h, b)...)
	for _, c := range []struct {
		name string
		args []string
		code int
		out  []string
		err  []string
	}{
		{"difference", []string{"--diff"}, exitNot, []string{"CORS rules: none are there\n+ {\"AllowedHeaders\":", "bucket policy: 2 statements are there, and stay as they are\n+ {\"Sid\": \"AllowWandbUser2\"", "\"wandb:OrgID\": \"org1\""}, nil},
		{"nobody to ask", []string{"--apply"}, exitUsage, nil, []string{"no terminal to ask on", "nothing was read", "--yes writes without asking"}},
		{"rules alone", []string{"--apply", "--yes", "--only", "cors"}, exitOK, []string{"CORS rules: written, and read back the same"}, nil},
		{"the rest", []string{"--apply", "--yes"}, exitOK, []string{"CORS rules: nothing is missing; one rule is there", "bucket policy: written, and read back the same"}, nil},
		{"nothing left", []string{"--diff"}, exitOK, []string{"bucket policy: nothing is missing; 3 statements are there"}, nil},
		{"nothing left to write", []string{"--apply", "--yes"}, exitOK, []string{"nothing is missing"}, nil},
	} {
		got := call(t, b.Address, append(flags, c.args...)...)
		if got.code != c.code {
			t.Errorf("%s: got exit code %d, want %d\n%s%s", c.name, got.code, c.code, got.out, got.err)
		}
		for _, want := range c.out {
			if !strings.Contains(strings.Join(strings.Fields(got.out), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: got\n%s\nwant in it %s", c.name, got.out, want)
			}
		}
		for _, want := range c.err {
			if !strings.Contains(strings.Join(strings.Fields(got.err), " "), want) {
				t.Errorf("%s: got\n%s\nwant in it %s", c.name, got.err, want)
			}
		}
		for _, secret := range b.Secrets {
			if strings.Contains(got.out+got.err, secret) {
				t.Errorf("%s: a secret shows", c.name)
			}
		}
	}
}

// TestPrescribeApplySaysWhatIsWrong gives the rights that are missing, and what stands in the way.
func TestPrescribeApplySaysWhatIsWrong(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "coreweave", stores.Setup{}) // W&B's own eleven actions
	flags := append([]string{"prescribe", "-", "--deployment", "multi-tenant", "--org-id", "org1"}, flagsFor(t, h, b)...)
	deaf := provision(t, h, "s3-compatible", stores.Setup{CORS: &cors.Policy{Provider: "s3-compatible"}, MoreActions: []string{"s3:PutBucketCORS"}, Hooks: stores.Hooks{Front: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && r.URL.Query().Has("cors") {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}}})
	for _, c := range []struct {
		name, address string
		args          []string
		code          int
		want          []string
	}{
		{"no right to read the policy", b.Address, append(flags, "--diff"), exitNot, []string{"the bucket policy can't be read: get bucket policy: 403", "nothing was written", "s3:GetBucketPolicy", "--aws-profile"}},
		{"no right to write the rules", deaf.Address, append([]string{"prescribe", "-", "--apply", "--yes"}, flagsFor(t, h, deaf)...), exitNot, []string{"REFUSED", "403", "nothing was written", "s3:PutBucketCORS"}},
		{"another bucket", b.Address, append(flags, "--diff", "--bucket", "mine"), exitUsage, []string{"the address another one"}},
		{"another provider", b.Address, append(flags, "--diff", "--provider", "gcp"), exitUsage, nil},
		{"no organisation", b.Address, append([]string{"prescribe", "-", "--diff", "--deployment", "dedicated"}, flagsFor(t, h, b)...), exitUsage, []string{"--org-id is missing"}},
		{"a document that is none", b.Address, append(flags, "--diff", "--only", "lifecycle"), exitUsage, []string{"no document that can be put on a bucket"}},
		{"an address for nothing", b.Address, flags, exitUsage, []string{"an address is for --diff and --apply"}},
		{"a yes to nothing", "", []string{"prescribe", "--provider", "aws", "--yes"}, exitUsage, []string{"--yes and --only are for --apply"}},
	} {
		got := call(t, c.address, c.args...)
		words := strings.Join(strings.Fields(got.out+got.err), " ")
		if got.code != c.code {
			t.Errorf("%s: got exit code %d, want %d\n%s", c.name, got.code, c.code, words)
		}
		for _, want := range c.want {
			if !strings.Contains(words, want) {
				t.Errorf("%s: got\n%s%s\nwant in it %s", c.name, got.out, got.err, want)
			}
		}
	}
}

func TestOnlyAWholeYesIsOne(t *testing.T) {
	for answer, want := range map[string]bool{"yes\n": true, " YES \n": true, "y\n": false, "\n": false, "": false, "yes please\n": false, "no\n": false} {
		if got, err := confirmed(strings.NewReader(answer), io.Discard); got != want || err != nil {
			t.Errorf("%q: got %t, %v, want %t", answer, got, err, want)
		}
	}
	if terminal(strings.NewReader("")) {
		t.Error("a reader is taken for a terminal")
	}
}
