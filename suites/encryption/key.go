package encryption

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// byKMS is how S3 calls encryption with a key of KMS; byKMSTwice is its two-layer kind (Amazon S3 API reference,
// ServerSideEncryptionByDefault).
const (
	byKMS      = "aws:kms"
	byKMSTwice = "aws:kms:dsse"
)

// defaults is what a bucket's default encryption says: the first rule decides, and there is only one.
type defaults struct {
	Rules []struct {
		ApplyServerSideEncryptionByDefault struct{ SSEAlgorithm, KMSMasterKeyID string }
	}
}

// usesKey reads the default encryption, and then looks at an object that was written by pre-signed URL without a word of
// encryption, as W&B's clients do. Without a named key (contradiction 4 of the sources) any key of KMS will do, and a
// bucket that has none is not concerned.
func usesKey(ctx context.Context, t *run.T, s *run.Subject) {
	const id = "BYOB-KMS-002"
	if s.Bucket == nil {
		t.Errorf("the bucket could not be opened")
	}
	wanted := s.Documents.KMSKey
	algorithm, key := byDefault(ctx, t, s)
	kms := algorithm == byKMS || algorithm == byKMSTwice
	if wanted == "" && !kms {
		t.NotApplicable("no KMS key is named (--kms-key), and the default encryption names none: it is %s", orNone(algorithm))
	}
	t.Advise("aws s3api put-bucket-encryption --bucket %s --server-side-encryption-configuration '%s'", s.Address.Bucket, configuration(wanted))
	t.True("the bucket's default encryption", byKMS, kms, orNone(algorithm))
	alias := strings.Contains(key, "alias/") // what it stands for is seen on the object
	if wanted != "" && !alias {
		t.True("the key of the default encryption", wanted, same(wanted, key), orNone(key))
	}
	object := s.Key(id, "object")
	p, err := s.Bucket.Presign(ctx, bucket.PresignRequest{Method: http.MethodPut, Key: object, Lifetime: urls.Writing})
	if err != nil {
		t.Errorf("no pre-signed URL could be made: %s", bucket.Classify("presign", err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, p.URL, strings.NewReader("bucketproof looks how this is encrypted\n"))
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	put := t.Do(s.Wire.Client(), req)
	if put.Status == http.StatusForbidden {
		t.Advise("W&B's principal may not use the key: grant it kms:GenerateDataKey* and kms:Decrypt in the key's policy (bucketproof prescribe --provider aws prints it)")
	}
	t.Equal("PUT by pre-signed URL", "200 OK", put.String())
	info, err := s.Bucket.Head(ctx, object)
	t.OK("the object is looked at", err)
	t.True("encryption of the object", byKMS, info.Encryption == byKMS || info.Encryption == byKMSTwice, orNone(info.Encryption))
	expected := key
	if alias {
		expected = ""
	}
	if wanted != "" {
		expected = wanted
	}
	if expected == "" {
		t.True("the key of the object", "one of KMS", info.KMSKey != "", orNone(info.KMSKey)) // the default's is Amazon's own, and has no name there
		return
	}
	t.True("the key of the object", expected, same(expected, info.KMSKey), orNone(info.KMSKey))
}

// byDefault reads the default encryption; both are "" where none is set.
func byDefault(ctx context.Context, t *run.T, s *run.Subject) (algorithm, key string) {
	text, err := s.Bucket.Document(ctx, bucket.DocumentEncryption)
	if err != nil {
		switch e := bucket.Classify("read the default encryption", err); e.Kind {
		case bucket.KindNotConfigured:
			t.Observe("%s", e)
			return "", ""
		case bucket.KindNotImplemented:
			t.Unimplemented(s, "default encryption, and may ignore what a client says of it", e)
		case bucket.KindDenied:
			t.Errorf("the default encryption may not be read (BYOB-PERM-002): %s", e)
		default:
			t.Errorf("no answer that decides it: %s", e)
		}
	}
	var d defaults
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Errorf("the default encryption was read, and can't be understood")
	}
	if len(d.Rules) == 0 {
		t.Observe("the default encryption has no rule")
		return "", ""
	}
	by := d.Rules[0].ApplyServerSideEncryptionByDefault
	t.Observe("the default encryption is %s, with the key %s", orNone(by.SSEAlgorithm), orNone(by.KMSMasterKeyID))
	return by.SSEAlgorithm, by.KMSMasterKeyID
}

// same reports whether two names are one key's: an ARN and the bare ID at its end are. An alias is no key's name: what it
// stands for changes.
func same(a, b string) bool {
	id := func(s string) string {
		if _, after, arn := strings.Cut(s, ":key/"); arn {
			return after
		}
		return s
	}
	if a == "" || b == "" {
		return false
	}
	if strings.HasPrefix(a, "arn:") && strings.HasPrefix(b, "arn:") {
		return a == b
	}
	return id(a) == id(b)
}

func configuration(key string) string {
	if key == "" {
		key = "<key-arn>"
	}
	return `{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "` + key + `"}, "BucketKeyEnabled": true}]}`
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
