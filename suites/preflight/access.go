package preflight

import (
	"context"
	"errors"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// open makes sure that there is a bucket to talk to.
func open(t *run.T, s *run.Subject) *bucket.Bucket {
	if s.Bucket == nil {
		t.Fail("credentials that can sign", bucket.Classify("open", s.OpenError).Error())
	}
	return s.Bucket
}

// list asks for one key below the run's prefix: the first signed request, and harmless.
func list(ctx context.Context, b *bucket.Bucket, s *run.Subject) *bucket.Error {
	_, err := b.List(ctx, s.Prefix, 1)
	if err == nil {
		return nil
	}
	return bucket.Classify("list objects", err)
}

// style asks for a key that isn't there: a store that misreads the addressing style looks for another bucket.
func style(ctx context.Context, t *run.T, s *run.Subject) {
	b := open(t, s)
	asked := "virtual-hosted"
	if s.PathStyle() {
		asked = "path"
	}
	kind, said := absent(ctx, b, s)
	switch kind {
	case bucket.KindNoSuchKey, bucket.KindDenied:
		t.Observe("asked for a key that isn't there by %s style, the store says that the key is missing or closed: %s", asked, said)
	case bucket.KindNoSuchBucket, bucket.KindRedirect:
		if other, err := s.OtherStyle(ctx); err == nil && other != nil {
			if k, _ := absent(ctx, other, s); k == bucket.KindNoSuchKey {
				t.Advise("%s", s.StyleAdvice())
				t.Fail("the bucket is found by "+asked+" style", "the store finds it only by the other style: "+said)
			}
		}
		if kind == bucket.KindRedirect {
			t.Advise("%s", s.StyleAdvice())
			t.Fail("the bucket is found by "+asked+" style", said)
		}
		t.Observe("the store understands %s style, and says that there is no such bucket (BYOB-NET-008)", asked)
	case bucket.KindCredentials, bucket.KindSignature, bucket.KindRegion, bucket.KindClock:
		t.Observe("the store understands %s style, and refuses the signature for another reason: %s", asked, said)
	default:
		t.Errorf("no answer that decides it: %s", said)
	}
}

func absent(ctx context.Context, b *bucket.Bucket, s *run.Subject) (bucket.Kind, string) {
	_, _, err := b.Get(ctx, s.Key("no-such-key"))
	if err == nil {
		return bucket.KindOther, "an object that nobody wrote"
	}
	e := bucket.Classify("get object", err)
	return e.Kind, e.Error()
}

// credentials lists with the credentials, and then with a signature made with another secret.
func credentials(ctx context.Context, t *run.T, s *run.Subject) {
	e := list(ctx, open(t, s), s)
	if e != nil {
		switch e.Kind {
		case bucket.KindCredentials, bucket.KindSignature:
			t.Observe("a listing: %s", e)
			t.Fail("the store accepts the credentials", e.Error())
		case bucket.KindDenied, bucket.KindNoSuchBucket:
			t.Observe("the store knows the credentials, and answers: %s", e)
		case bucket.KindRegion:
			t.Errorf("the region is refused before the credentials are looked at (BYOB-NET-005): %s", e)
		case bucket.KindRedirect:
			t.Errorf("the store redirects before the credentials are looked at (BYOB-NET-006): %s", e)
		default:
			t.OK("the store accepts the credentials", e)
		}
	} else {
		t.Observe("a listing was answered")
	}
	wrong, err := s.WrongSecret(ctx)
	if errors.Is(err, run.ErrNoSecret) {
		t.Observe("the address holds no credentials, so none could be altered: %s", s.Identity)
		return
	}
	if err != nil {
		t.Errorf("the control could not be made: %s", bucket.Classify("open", err))
	}
	control := list(ctx, wrong, s)
	switch {
	case control != nil && e != nil && e.Kind == bucket.KindDenied && e.Code == control.Code:
		t.Observe("the same listing signed with a wrong secret: %s", control)
		t.Advise("%s", "the store refuses this key exactly as it refuses a wrong one: check the secret first (rotated? cut off? percent-encoded twice?), then network rules and firewalls of the account")
		t.Fail("the store accepts the credentials", e.Error()+", as with a wrong secret")
	case control == nil:
		t.Unverified("the store answers the same listing signed with a wrong secret: it accepts anyone, so accepting these credentials shows nothing")
	case control.Kind == bucket.KindCredentials || control.Kind == bucket.KindSignature || control.Kind == bucket.KindDenied:
		t.Observe("the same listing signed with a wrong secret is refused: %s", control)
	case control.Kind == bucket.KindNoSuchBucket && e != nil && e.Kind == bucket.KindNoSuchBucket:
		t.Unverified("the store looks for the bucket before the credentials, and there is none")
	default:
		t.Errorf("the control, a listing with a wrong secret, got no answer that decides it: %s", control)
	}
}

// region signs for the region of the address, and compares it with the bucket's own.
func region(ctx context.Context, t *run.T, s *run.Subject) {
	b := open(t, s)
	signed := s.ShownRegion()
	e := list(ctx, b, s)
	if e != nil {
		switch e.Kind {
		case bucket.KindRegion, bucket.KindRedirect:
			if e.Region != "" && e.Region != s.Region() {
				t.Advise("write region=%s into the address", e.Region)
				t.Observe("a request signed for region %s: %s", signed, e)
				t.Fail("region "+signed, "the store answers that the bucket is in "+e.Region)
			}
			if e.Kind == bucket.KindRedirect {
				t.Errorf("the store redirects without naming a region (BYOB-NET-006): %s", e)
			}
			t.Observe("a request signed for region %s: %s", signed, e)
			t.Fail("region "+signed, e.Error())
		case bucket.KindDenied:
		case bucket.KindCredentials, bucket.KindSignature:
			t.Errorf("the credentials are refused before the region is looked at (BYOB-NET-007)")
		case bucket.KindNoSuchBucket:
			t.Errorf("there is no bucket whose region could be compared (BYOB-NET-008)")
		default:
			t.OK("a request signed for region "+signed, e)
		}
	}
	t.Observe("a request signed for region %s is accepted", signed)
	location, err := b.Location(ctx)
	if err != nil {
		le := bucket.Classify("get bucket location", err)
		if !t.Decides(le) {
			t.Errorf("the bucket's location could not be read: %s", le)
		}
		t.Observe("the bucket's location may not be read: %s", le)
		if s.Enforces(reports.FidelityRegion) == "yes" {
			return // an accepted signature says it all
		}
		t.Unverified("the bucket's location may not be read, and whether this store looks at the region of a signature is not known")
	}
	if s.Address.Region == "" {
		t.Observe("the address names no region; the bucket says %s", location)
		return
	}
	if !strings.EqualFold(location, s.Address.Region) {
		t.Advise("write region=%s into the address", location)
	}
	t.True("the bucket's own region", strings.ToLower(signed), strings.EqualFold(location, s.Address.Region), strings.ToLower(location))
}

func exists(ctx context.Context, t *run.T, s *run.Subject) {
	err := open(t, s).Exists(ctx)
	if err != nil {
		e := bucket.Classify("find the bucket", err)
		switch e.Kind {
		case bucket.KindRegion, bucket.KindRedirect, bucket.KindCredentials, bucket.KindSignature, bucket.KindClock:
			t.Errorf("the request is refused before the bucket is looked for: %s", e)
		case bucket.KindDenied:
			t.Advise("%s", "if the bucket is yours, grant this identity the right to list it (s3:ListBucket, storage.buckets.get); otherwise the name is taken by somebody else: choose another")
		}
	}
	t.OK("the bucket answers", err)
	t.Observe("the bucket answers")
}
