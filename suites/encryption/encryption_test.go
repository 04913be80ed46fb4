package encryption_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

const (
	key   = "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
	other = "arn:aws:kms:us-east-1:111122223333:key/9999ffff"
	alias = "arn:aws:kms:us-east-1:111122223333:alias/wandb"
)

// encrypting is a bucket of Amazon's, with a default encryption, on a server that encrypts nothing: what it answers is all that
// the specs look at. No embedded store has one.
type encrypting struct {
	status         int    // to who reads the default encryption
	algorithm, key string // of the default; no algorithm means that none is set
	put            int    // status of a PUT by pre-signed URL; 0 is 200
	shows          string // algorithm that objects show; "" means the default's
	showsKey       string

	mu      sync.Mutex
	objects map[string][]byte
}

func (e *encrypting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", code)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	name := r.URL.Path
	body, there := e.objects[name]
	switch q := r.URL.Query(); {
	case q.Has("encryption") && e.status == http.StatusForbidden:
		refuse(e.status, "AccessDenied")
	case q.Has("encryption") && e.status == http.StatusNotImplemented:
		refuse(e.status, "NotImplemented")
	case q.Has("encryption") && e.algorithm == "":
		refuse(http.StatusNotFound, "ServerSideEncryptionConfigurationNotFoundError")
	case q.Has("encryption"):
		_, _ = fmt.Fprintf(w, `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>%s</SSEAlgorithm><KMSMasterKeyID>%s</KMSMasterKeyID>`+
			`</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`, e.algorithm, e.key)
	case q.Has("versioning"):
		_, _ = io.WriteString(w, `<VersioningConfiguration/>`)
	case q.Has("list-type"):
		_, _ = io.WriteString(w, `<ListBucketResult><IsTruncated>false</IsTruncated>`)
		for _, name := range slices.Sorted(maps.Keys(e.objects)) {
			if k := strings.TrimPrefix(name, "/bucket/"); strings.HasPrefix(k, q.Get("prefix")) {
				_, _ = fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", k)
			}
		}
		_, _ = io.WriteString(w, `</ListBucketResult>`)
	case q.Has("uploads"):
		refuse(http.StatusNotImplemented, "NotImplemented")
	case len(q) == 1 && r.Method == http.MethodGet && strings.Count(strings.Trim(name, "/"), "/") == 0:
		refuse(http.StatusNotImplemented, "NotImplemented")
	case r.Method == http.MethodPut && q.Has("X-Amz-Signature") && e.put != 0:
		refuse(e.put, "AccessDenied")
	case r.Method == http.MethodPut:
		e.objects[name], _ = io.ReadAll(r.Body)
	case r.Method == http.MethodDelete:
		delete(e.objects, name)
		w.WriteHeader(http.StatusNoContent)
	case !there:
		refuse(http.StatusNotFound, "NoSuchKey")
	default:
		algorithm, of := e.shows, e.showsKey
		if algorithm == "" {
			algorithm, of = e.algorithm, e.key
		}
		w.Header().Set("X-Amz-Server-Side-Encryption", algorithm)
		if of != "" {
			w.Header().Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", of)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	}
}

// certify certifies the bucket with this family alone.
func certify(t *testing.T, e *encrypting, d *run.Documents) map[string]reports.Requirement {
	t.Helper()
	e.objects = map[string][]byte{}
	s := httptest.NewServer(e)
	defer s.Close()
	done, err := run.Certify(t.Context(), run.Target{Address: "s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY@s3.us-east-1.amazonaws.com/bucket?region=us-east-1",
		Endpoint: s.URL, Network: wire.Network{Closed: true}, Documents: d},
		run.Options{Catalogue: suitetest.Catalogue(t), Families: []run.Family{suites.Encryption}, Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]reports.Requirement{}
	for _, q := range done.Result.Requirements {
		out[q.ID] = q
	}
	if n := len(e.objects); n > 0 {
		t.Errorf("left behind: %d objects: %s", n, done.Result.Safety.CleanUp)
	}
	return out
}

func TestTheBucketUsesTheKeyThatIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		bucket  *encrypting
		wanted  string
		outcome reports.Outcome
		actual  string
		remedy  string
	}{
		"no key is named, and nothing is set":                     {&encrypting{}, "", reports.NotApplicable, "", ""},
		"no key is named, and Amazon's own keys are the default":  {&encrypting{algorithm: "AES256"}, "", reports.NotApplicable, "", ""},
		"no key is named, and a key is the default":               {&encrypting{algorithm: "aws:kms", key: key}, "", reports.Passed, "", ""},
		"no key is named, and Amazon's own KMS key":               {&encrypting{algorithm: "aws:kms", shows: "aws:kms", showsKey: other}, "", reports.Passed, "", ""},
		"the key is named, and nothing is set":                    {&encrypting{}, key, reports.Failed, "none", "put-bucket-encryption --bucket bucket"},
		"the key is named, and Amazon's own keys are the default": {&encrypting{algorithm: "AES256"}, key, reports.Failed, "AES256", `"KMSMasterKeyID": "` + key + `"`},
		"the key is named, and another is the default":            {&encrypting{algorithm: "aws:kms", key: other}, key, reports.Failed, other, `"KMSMasterKeyID": "` + key + `"`},
		"the key is the default, and objects show none":           {&encrypting{algorithm: "aws:kms", key: key, shows: "AES256"}, key, reports.Failed, "AES256", ""},
		"the key is the default, and objects show another":        {&encrypting{algorithm: "aws:kms", key: key, shows: "aws:kms", showsKey: other}, key, reports.Failed, other, ""},
		"the key is the default, and objects show it":             {&encrypting{algorithm: "aws:kms", key: key}, key, reports.Passed, "", ""},
		"the key's bare ID is the default":                        {&encrypting{algorithm: "aws:kms", key: "1234abcd", shows: "aws:kms", showsKey: key}, key, reports.Passed, "", ""},
		"an alias is the default, and objects show the key":       {&encrypting{algorithm: "aws:kms", key: alias, shows: "aws:kms", showsKey: key}, key, reports.Passed, "", ""},
		"an alias is the default, and objects show another":       {&encrypting{algorithm: "aws:kms", key: alias, shows: "aws:kms", showsKey: other}, key, reports.Failed, other, ""},
		"two layers with the key":                                 {&encrypting{algorithm: "aws:kms:dsse", key: key}, key, reports.Passed, "", ""},
		"W&B's principal may not use the key":                     {&encrypting{algorithm: "aws:kms", key: key, put: http.StatusForbidden}, key, reports.Failed, "403 Forbidden", "kms:GenerateDataKey*"},
		"the default may not be read":                             {&encrypting{status: http.StatusForbidden}, key, reports.Errored, "", ""},
		"the store has no default encryption":                     {&encrypting{status: http.StatusNotImplemented}, key, reports.Unverified, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := certify(t, tt.bucket, &run.Documents{Need: policy.Need{KMSKey: tt.wanted}})["BYOB-KMS-002"]
			if got.Outcome != tt.outcome || !strings.Contains(got.Actual, tt.actual) || !strings.Contains(got.Remedy, tt.remedy) {
				t.Errorf("got %s (%s), actual %q, remedy %q; want %s, %q, %q", got.Outcome, got.Reason, got.Actual, got.Remedy, tt.outcome, tt.actual, tt.remedy)
			}
			if must := tt.wanted != ""; (got.Level == "MUST") != must {
				t.Errorf("level %s although a key is named: %t", got.Level, must)
			}
		})
	}
}

// The key's policy and state are nowhere in the bucket: without documents nothing is said of them.
func TestTheKeyIsJudgedByDocuments(t *testing.T) {
	need := policy.Need{Provider: policy.AWS, Deployment: policy.Dedicated, KMSKey: key}
	who, _ := need.Who()
	sound := policy.RequiredKey(need, who, "111122223333").JSON()
	described := func(usage, state string) string {
		return fmt.Sprintf(`{"KeyMetadata": {"Arn": %q, "KeyUsage": %q, "KeyState": %q, "Enabled": %t}}`, key, usage, state, state == "Enabled")
	}
	for name, tt := range map[string]struct {
		policy, key string
		uses, stays reports.Outcome // KMS-001, KMS-004
	}{
		"no document":                  {"", "", reports.NotRun, reports.NotRun},
		"a sound key":                  {string(sound), described("ENCRYPT_DECRYPT", "Enabled"), reports.Passed, reports.Passed},
		"no policy":                    {"", described("ENCRYPT_DECRYPT", "Enabled"), reports.NotRun, reports.Passed},
		"a key to sign with":           {string(sound), described("SIGN_VERIFY", "Enabled"), reports.Failed, reports.Passed},
		"a key that is to be deleted":  {string(sound), described("ENCRYPT_DECRYPT", "PendingDeletion"), reports.Passed, reports.Failed},
		"a policy without Decrypt":     {strings.Replace(string(sound), "kms:Decrypt", "kms:ListGrants", 1), described("ENCRYPT_DECRYPT", "Enabled"), reports.Failed, reports.Passed},
		"a policy that Amazon refuses": {`{"Version": "2012-10-17"}`, described("ENCRYPT_DECRYPT", "Enabled"), reports.Failed, reports.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &run.Documents{Need: need}
			for kind, text := range map[string]string{"key-policy": tt.policy, "describe-key": tt.key} {
				if text == "" {
					continue
				}
				if err := d.Read(kind, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			got := certify(t, &encrypting{}, d)
			if q := got["BYOB-KMS-001"]; q.Outcome != tt.uses {
				t.Errorf("BYOB-KMS-001: got %s (%s), want %s", q.Outcome, q.Reason, tt.uses)
			}
			if q := got["BYOB-KMS-004"]; q.Outcome != tt.stays {
				t.Errorf("BYOB-KMS-004: got %s (%s), want %s", q.Outcome, q.Reason, tt.stays)
			}
		})
	}
}
