package address_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

func TestPrintedForms(t *testing.T) {
	for _, tt := range []struct{ name, raw, redacted, canonical, service, host string }{
		{"CoreWeave", "cw://AK:SK@cwobject.com/wandb-files/team/",
			"cw://[redacted]@cwobject.com/wandb-files/team?tls=true", "cw://wandb-files.cwobject.com/team", "https://cwobject.com", "wandb-files.cwobject.com"},
		{"CoreWeave, bare", "cw://wandb-files.cwobject.com/team?tls=true",
			"cw://wandb-files.cwobject.com/team", "cw://wandb-files.cwobject.com/team", "https://cwobject.com", "wandb-files.cwobject.com"},
		{"AWS", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files?tls=true&region=us-west-2",
			"s3://[redacted]@s3.us-west-2.amazonaws.com/wandb-files?region=us-west-2", "s3://s3.us-west-2.amazonaws.com/wandb-files",
			"https://s3.us-west-2.amazonaws.com", "s3.us-west-2.amazonaws.com"},
		{"AWS, virtual-hosted", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files?forcePathStyle=false",
			"s3://[redacted]@s3.us-west-2.amazonaws.com/wandb-files?forcePathStyle=false", "s3://s3.us-west-2.amazonaws.com/wandb-files",
			"https://s3.us-west-2.amazonaws.com", "wandb-files.s3.us-west-2.amazonaws.com"},
		{"AWS, bare", "s3://wandb-files/my%20team?region=eu-west-1",
			"s3://wandb-files/my%20team?region=eu-west-1", "s3://wandb-files/my%20team", "https://s3.eu-west-1.amazonaws.com", "wandb-files.s3.eu-west-1.amazonaws.com"},
		{"AWS, bare, in path style", "s3://wandb-files?region=cn-north-1&forcePathStyle=true",
			"s3://wandb-files?region=cn-north-1&forcePathStyle=true", "s3://wandb-files", "https://s3.cn-north-1.amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn"},
		{"AWS, bare, no region", "s3://wandb-files?tls=false",
			"s3://wandb-files?tls=false", "s3://wandb-files", "http://s3.amazonaws.com", "wandb-files.s3.amazonaws.com"},
		{"AWS, bare, dots in the name", "s3://wandb.files?region=us-east-1",
			"s3://wandb.files?region=us-east-1", "s3://wandb.files", "https://s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"},
		{"AWS, bare, dots in the name, virtual-hosted without TLS", "s3://wandb.files?region=us-east-1&tls=false&forcePathStyle=false",
			"s3://wandb.files?region=us-east-1&tls=false&forcePathStyle=false", "s3://wandb.files", "http://s3.us-east-1.amazonaws.com", "wandb.files.s3.us-east-1.amazonaws.com"},
		{"GCS", "gs://wandb-files/team?region=europe-west1",
			"gs://wandb-files/team?region=europe-west1", "gs://wandb-files/team", "https://storage.googleapis.com", "storage.googleapis.com"},
		{"Azure", "az://wandbstorage/wandb-files/a%23b",
			"az://wandbstorage/wandb-files/a%23b", "az://wandbstorage/wandb-files/a%23b", "https://wandbstorage.blob.core.windows.net", "wandbstorage.blob.core.windows.net"},
		{"S3-compatible, plain http", "s3://AK:SK@[::1]:9000/wandb-files?region=minio-local",
			"s3://[redacted]@[::1]:9000/wandb-files?region=minio-local&tls=false", "s3://[::1]:9000/wandb-files", "http://[::1]:9000", "[::1]:9000"},
		{"S3-compatible", "s3://AK:SK@minio:9000/wandb-files?region=r&tls=true",
			"s3://[redacted]@minio:9000/wandb-files?region=r&tls=true", "s3://minio:9000/wandb-files", "https://minio:9000", "minio:9000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := mustParse(t, fill(tt.raw), address.Options{})
			for _, got := range []struct{ what, got, want string }{
				{"redacted", a.String(), tt.redacted}, {"canonical", a.Canonical(), tt.canonical},
				{"service", a.ServiceURL(), tt.service}, {"host", a.BucketHost(), tt.host},
			} {
				if got.got != got.want {
					t.Errorf("%s\ngot  %s\nwant %s", got.what, got.got, got.want)
				}
			}
			b := mustParse(t, a.Reveal(), address.Options{})
			if !a.Equal(b) {
				t.Errorf("got %v once printed, want %v", b, a)
			}
		})
	}
}

func TestTheZeroAddressPrintsNothing(t *testing.T) {
	var a address.Address
	if a.String() != "" || a.Canonical() != "" || a.Reveal() != "" || a.HasCredentials() {
		t.Errorf("got %q, %q, %q, want nothing", a.String(), a.Canonical(), a.Reveal())
	}
}

func TestMinTLSIsThatOfCoreWeave(t *testing.T) {
	for raw, want := range map[string]string{
		"cw://wandb-files.cwobject.com": "1.3", "cw://AK:SK@cwobject.com/wandb-files": "1.3",
		"s3://AK:SK@cwobject.com/wandb-files?region=r&tls=true": "1.3", "s3://wandb-files": "", "gs://wandb-files": "",
	} {
		if got := mustParse(t, fill(raw), address.Options{}).MinTLS(); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

func TestEqualLooksAtEveryField(t *testing.T) {
	a := mustParse(t, fill("s3://AK:SK@minio:9000/wandb-files?region=r"), address.Options{})
	for name, change := range map[string]func(*address.Address){
		"provider": func(b *address.Address) { b.Provider = address.AWS }, "endpoint": func(b *address.Address) { b.Endpoint = "x" },
		"account": func(b *address.Address) { b.Account = "x" }, "bucket": func(b *address.Address) { b.Bucket = "x" },
		"path": func(b *address.Address) { b.Path = "x" }, "region": func(b *address.Address) { b.Region = "x" },
		"regionFrom": func(b *address.Address) { b.RegionFrom = "x" }, "tls": func(b *address.Address) { b.TLS = true },
		"pathStyle": func(b *address.Address) { b.PathStyle = false }, "id": func(b *address.Address) { b.Credentials.ID = "x" },
		"secret":   func(b *address.Address) { b.Credentials.Secret = address.NewSecret("x") },
		"warnings": func(b *address.Address) { b.Warnings = nil },
	} {
		b := *a
		if !a.Equal(&b) {
			t.Fatal("got a copy that is not equal")
		}
		if change(&b); a.Equal(&b) {
			t.Errorf("got equal addresses of another %s", name)
		}
	}
	if a.Equal(nil) || !(*address.Address)(nil).Equal(nil) {
		t.Error("nil equals nil and nothing else")
	}
}
