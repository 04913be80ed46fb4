package wire_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/wire"
)

const (
	corsBody   = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>`
	policyBody = `{"Version": "2012-10-17", "Statement": []}`
	azureBody  = `<?xml version="1.0"?><StorageServiceProperties><Cors><CorsRule/></Cors></StorageServiceProperties>`
	iamBody    = `{"bindings": [], "etag": "CAE="}`
)

// configurationScope is a scope of the other tests, without its prefix.
func configurationScope(name string) wire.Scope {
	s := scopes[name]
	s.Prefix = ""
	return s
}

// send makes one attempt through a transport that nothing answers behind: what the guard lets through ends there.
func send(t *testing.T, g *wire.Guard, a attempt) (refused string) {
	t.Helper()
	w := wire.New(wire.Options{Guard: g, Network: wire.Network{Closed: true}, RunID: "r"})
	_, err := w.RoundTrip(a.request(t))
	if e := (*wire.GuardError)(nil); errors.As(err, &e) {
		return e.Why
	}
	return ""
}

// Exactly the writing of the documents passes, and no other guard lets that through.
func TestOnlyTheConfigurationGuardLetsDocumentsBeWritten(t *testing.T) {
	put, patch := http.MethodPut, http.MethodPatch
	for scope, attempts := range map[string][]attempt{
		"s3 path": {
			{name: "rules", method: put, url: "https://s3.store.test/bucket?cors=", body: corsBody, header: map[string]string{"X-Amz-Checksum-Crc32": "AAAAAA=="}},
			{name: "the policy", method: put, url: "https://s3.store.test/bucket/?policy", body: policyBody},
			{name: "reading", method: http.MethodGet, url: "https://s3.store.test/bucket?policy"},
			{name: "another bucket's rules", method: put, url: "https://s3.store.test/other?cors", body: corsBody, why: "only documents of this bucket"},
			{name: "another host", method: put, url: "https://evil.test/bucket?cors", body: corsBody, why: "not a host of this bucket"},
			{name: "removing the rules", method: http.MethodDelete, url: "https://s3.store.test/bucket?cors", why: "no document"},
			{name: "removing the bucket", method: http.MethodDelete, url: "https://s3.store.test/bucket", why: "no document"},
			{name: "an object", method: put, url: "https://s3.store.test/bucket/key", body: "x", why: "only documents of this bucket"},
			{name: "an object below the prefix of runs", method: put, url: "https://s3.store.test/bucket/team/run-1/x", body: "x", why: "only documents of this bucket"},
			{name: "an access control list", method: put, url: "https://s3.store.test/bucket?acl", body: "<AccessControlPolicy/>", why: "only CORS rules and a bucket policy"},
			{name: "a lifecycle", method: put, url: "https://s3.store.test/bucket?lifecycle", body: "<LifecycleConfiguration/>", why: "only CORS rules and a bucket policy"},
			{name: "two documents", method: put, url: "https://s3.store.test/bucket?cors&policy", body: corsBody, why: "only CORS rules and a bucket policy"},
			{name: "rules as a policy", method: put, url: "https://s3.store.test/bucket?policy", body: corsBody, why: "only CORS rules and a bucket policy"},
			{name: "a policy without statements", method: put, url: "https://s3.store.test/bucket?policy", body: "{}", why: "only CORS rules and a bucket policy"},
			{name: "locking oneself out", method: put, url: "https://s3.store.test/bucket?policy", body: policyBody, header: map[string]string{"X-Amz-Confirm-Remove-Self-Bucket-Access": "true"}, why: "no part of writing a document"},
			{name: "nothing", method: put, url: "https://s3.store.test/bucket?cors", why: "no document"},
		},
		"s3 virtual": {
			{name: "rules", method: put, url: "https://bucket.s3.store.test/?cors", body: corsBody},
			{name: "a key that looks like it", method: put, url: "https://bucket.s3.store.test/bucket?cors", body: corsBody, why: "only documents of this bucket"},
		},
		"gcs": {
			{name: "rules", method: patch, url: "https://storage.googleapis.com/storage/v1/b/bucket?alt=json&ifMetagenerationMatch=3&prettyPrint=false", body: `{"cors": []}`},
			{name: "the IAM policy", method: put, url: "https://storage.googleapis.com/storage/v1/b/bucket/iam", body: iamBody},
			{name: "rules in whatever state", method: patch, url: "https://storage.googleapis.com/storage/v1/b/bucket?alt=json", body: `{"cors": []}`, why: "in the state in which they were read"},
			{name: "rules and more", method: patch, url: "https://storage.googleapis.com/storage/v1/b/bucket?ifMetagenerationMatch=3", body: `{"cors": [], "versioning": {"enabled": false}}`, why: "only the CORS rules"},
			{name: "an IAM policy without etag", method: put, url: "https://storage.googleapis.com/storage/v1/b/bucket/iam", body: `{"bindings": []}`, why: "with its etag"},
			{name: "another bucket", method: put, url: "https://storage.googleapis.com/storage/v1/b/other/iam", body: iamBody, why: "of this bucket"},
			{name: "the whole resource", method: put, url: "https://storage.googleapis.com/storage/v1/b/bucket", body: `{"cors": []}`, why: "of this bucket"},
		},
		"azure": {
			{name: "rules", method: put, url: "https://account.blob.store.test/?restype=service&comp=properties", body: azureBody, header: map[string]string{"X-Ms-Version": "2023-11-03"}},
			{name: "more of the properties", method: put, url: "https://account.blob.store.test/?restype=service&comp=properties", body: strings.Replace(azureBody, "<Cors>", "<Logging/><Cors>", 1), why: "only the CORS rules"},
			{name: "a container", method: put, url: "https://account.blob.store.test/bucket?restype=container&comp=acl", body: azureBody, why: "only the blob service's properties"},
		},
		"azure emulator": {
			{name: "rules", method: put, url: "http://emulator.test:10000/account/?comp=properties&restype=service", body: azureBody},
		},
	} {
		for _, a := range attempts {
			t.Run(scope+": "+a.name, func(t *testing.T) {
				documents := []wire.Configuration{wire.Rules, wire.Policy}
				if scopes[scope].Dialect == wire.Azure {
					documents = documents[:1]
				}
				g, err := wire.NewConfigurationGuard(configurationScope(scope), documents...)
				if err != nil {
					t.Fatal(err)
				}
				if got := send(t, g, a); a.method != http.MethodGet && got == "" {
					t.Error("it passes before anybody has agreed")
				}
				g.Begin()
				if got := send(t, g, a); (got == "") != (a.why == "") || !strings.Contains(got, a.why) {
					t.Errorf("got %q, want ...%q...", got, a.why)
				}
				if a.method != http.MethodGet && send(t, guard(t, scopes[scope]), a) == "" && !strings.Contains(a.name, "below the prefix") {
					t.Error("a run's guard lets it through")
				}
			})
		}
	}
}

func TestADocumentIsWrittenTwiceAtMostAndOnlyWhatWasAskedFor(t *testing.T) {
	g, err := wire.NewConfigurationGuard(configurationScope("s3 path"), wire.Rules)
	if err != nil {
		t.Fatal(err)
	}
	g.Begin()
	rules := attempt{method: http.MethodPut, url: "https://s3.store.test/bucket?cors", body: corsBody}
	for i, want := range []string{"", "", "was written 2 times"} {
		if got := send(t, g, rules); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("write %d: got %q, want %q", i+1, got, want)
		}
	}
	if got := send(t, g, attempt{method: http.MethodPut, url: "https://s3.store.test/bucket?policy", body: policyBody}); !strings.Contains(got, "not among those") {
		t.Errorf("a document that nobody asked for: got %q", got)
	}
	g.Stop()
	if got := send(t, g, rules); got == "" {
		t.Error("it passes after the end")
	}
	for name, documents := range map[string][]wire.Configuration{"none": nil, "another": {"acl"}} {
		if _, err := wire.NewConfigurationGuard(configurationScope("s3 path"), documents...); err == nil {
			t.Errorf("%s: a guard was made", name)
		}
	}
	if _, err := wire.NewConfigurationGuard(configurationScope("azure"), wire.Policy); err == nil {
		t.Error("a policy on Azure: a guard was made")
	}
	if _, err := wire.NewConfigurationGuard(scopes["s3 path"], wire.Rules); err == nil {
		t.Error("with a prefix: a guard was made")
	}
}

// Only prescribe --apply makes such a guard, and only it is asked to write: no certificate stands on a run that could.
func TestNothingElseMakesAConfigurationGuard(t *testing.T) {
	uses := map[string][]string{"NewConfigurationGuard": {"harness/run/apply.go"}, "OpenConfigurer": {"harness/run/apply.go"}, "NewApplication": {"cmd/bucketproof/apply.go"}}
	found := map[string][]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name := range uses {
			if strings.Contains(string(source), "."+name+"(") {
				rel, _ := filepath.Rel(root, path)
				found[name] = append(found[name], filepath.ToSlash(rel))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range uses {
		if !slices.Equal(found[name], want) {
			t.Errorf("%s is called in %v, want %v", name, found[name], want)
		}
	}
}
