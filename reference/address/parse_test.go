package address_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

const (
	ak = "AKIDTEST"
	sk = "kT4vQz81LmXwRb93"
)

// fill puts the test's credentials in place of AK and SK.
func fill(s string) string { return strings.NewReplacer("AK:SK", ak+":"+sk).Replace(s) }

func mustParse(t *testing.T, raw string, o address.Options) *address.Address {
	t.Helper()
	a, err := address.Parse(raw, o)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return a
}

// These come on top of the vectors: what a reader of addresses meets in files, shells and forms.
func TestParseForgivesWhatCannotBeMeantOtherwise(t *testing.T) {
	for _, tt := range []struct{ name, raw, same string }{
		{"a line break at the end, as a file has it", "s3://wandb-files\r\n", "s3://wandb-files"},
		{"white space at both ends", " \ts3://wandb-files ", "s3://wandb-files"},
		{"a byte order mark", "\ufeffs3://wandb-files\n", "s3://wandb-files"},
		{"a scheme in capitals", "S3://wandb-files", "s3://wandb-files"},
		{"a host in capitals", "s3://AK:SK@S3.US-WEST-2.AMAZONAWS.COM/wandb-files", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files"},
		{"a host with a dot at its end", "cw://AK:SK@cwobject.com./wandb-files", "cw://AK:SK@cwobject.com/wandb-files"},
		{"a bare CoreWeave host in capitals", "cw://wandb-files.CWOBJECT.COM", "cw://wandb-files.cwobject.com"},
		{"an IPv6 address with zeros", "s3://AK:SK@[0:0:0:0:0:0:0:1]:9000/wandb-files?region=r", "s3://AK:SK@[::1]:9000/wandb-files?region=r"},
		{"a port with a zero before it", "s3://AK:SK@minio:09000/wandb-files?region=r", "s3://AK:SK@minio:9000/wandb-files?region=r"},
		{"an empty query", "s3://wandb-files?", "s3://wandb-files"},
		{"an empty parameter", "s3://wandb-files?&region=us-east-1&", "s3://wandb-files?region=us-east-1"},
		{"an encoded letter in a bucket's name", "az://wandbstorage/wandb%2Dfiles", "az://wandbstorage/wandb-files"},
		{"several slashes at the end", "gs://wandb-files/team///", "gs://wandb-files/team"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := mustParse(t, fill(tt.raw), address.Options{}), mustParse(t, fill(tt.same), address.Options{})
			if !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestParseRefusesAndSaysWhatToDo(t *testing.T) {
	long := "s3://" + strings.Repeat("a", 70<<10)
	for _, tt := range []struct{ name, raw, requirement, part, says string }{
		{"nothing but white space", " \n", "BYOB-ADDR-012", "address", "empty"},
		{"an overlong address", long, "BYOB-ADDR-012", "address", "64 KiB"},
		{"double quotes left by a shell", `"s3://wandb-files"`, "BYOB-ADDR-012", "address", "quotation marks"},
		{"a single quote at the end", `s3://wandb-files'`, "BYOB-ADDR-012", "address", "quotation mark"},
		{"quotes left by a word processor", "“s3://wandb-files”", "BYOB-ADDR-012", "address", "quotation marks"},
		{"the line of an env file", "BUCKET=s3://wandb-files", "BYOB-ADDR-012", "scheme", "no scheme"},
		{"no scheme before the slashes", "://wandb-files", "BYOB-ADDR-012", "scheme", "no scheme"},
		{"one slash", "s3:/wandb-files", "BYOB-ADDR-012", "scheme", "no scheme"},
		{"https with LOTA's host", "https://cwlota.com/wandb-files", "BYOB-ADDR-012", "scheme", "cwobject.com"},
		{"https with an unknown host", "https://minio.example.com/x", "BYOB-ADDR-012", "scheme", "s3://"},

		{"cw:// alone", "cw://", "BYOB-ADDR-001", "host", "supported file stores"},
		{"CoreWeave without a host", "cw://AK:SK@/wandb-files", "BYOB-ADDR-001", "host", "no host"},
		{"CoreWeave with a port", "cw://AK:SK@cwobject.com:443/wandb-files", "BYOB-ADDR-003", "host", "no port"},
		{"CoreWeave with credentials and the bucket before the host", "cw://AK:SK@wandb-files.cwobject.com/team", "BYOB-ADDR-003", "host", "in the path"},
		{"CoreWeave without the endpoint", "cw://wandb-files", "BYOB-ADDR-015", "host", "cw://<bucketName>.cwobject.com"},
		{"CoreWeave by S3's scheme over plain http", "s3://AK:SK@cwobject.com/wandb-files?region=r", "BYOB-ADDR-004", "query", "TLS 1.3"},
		{"CoreWeave by S3's scheme in path style", "s3://AK:SK@cwobject.com/wandb-files?region=r&tls=true&forcePathStyle=true", "BYOB-ADDR-013", "query", "path style"},
		{"CoreWeave by S3's scheme with the bucket before the host", "s3://AK:SK@b.cwobject.com/wandb-files?region=r", "BYOB-ADDR-003", "host", "before"},
		{"CoreWeave by S3's scheme with a name it reserves", "s3://AK:SK@cwobject.com/vip-files?region=r&tls=true", "BYOB-ADDR-016", "bucket", "vip-"},
		{"a bare CoreWeave host by S3's scheme", "s3://wandb-files.cwobject.com", "BYOB-ADDR-020", "host", "cw://"},

		{"an AWS host without a service", "s3://AK:SK@amazonaws.com/wandb-files", "BYOB-ADDR-005", "host", "regional endpoint"},
		{"another service of AWS", "s3://AK:SK@sqs.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-005", "host", "not of S3"},
		{"transfer acceleration", "s3://AK:SK@s3-accelerate.amazonaws.com/wandb-files", "BYOB-ADDR-005", "host", "acceleration"},
		{"a website endpoint", "s3://AK:SK@s3-website-us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-005", "host", "website"},
		{"an access point", "s3://AK:SK@ap-123456789012.s3-accesspoint.us-east-1.amazonaws.com/x", "BYOB-ADDR-005", "host", "access point"},
		{"an interface endpoint for control", "s3://AK:SK@control.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com/wandb-files", "BYOB-ADDR-005", "host", "interface endpoint"},
		{"a region in the wrong partition", "s3://AK:SK@s3.cn-north-1.amazonaws.com/wandb-files", "BYOB-ADDR-005", "host", "s3.cn-north-1.amazonaws.com.cn"},
		{"an availability zone for a region", "s3://wandb-files?region=us-east-1a", "BYOB-ADDR-005", "query", "availability zone"},
		{"an endpoint without a bucket", "s3://AK:SK@s3.us-east-1.amazonaws.com", "BYOB-ADDR-005", "bucket", "no bucket"},
		{"an IP address with a number too many", "s3://AK:SK@10.0.0.256:9000/wandb-files?region=r", "BYOB-ADDR-005", "host", "IPv4"},
		{"an IPv6 address without brackets", "s3://AK:SK@fd00::1/wandb-files?region=r", "BYOB-ADDR-005", "host", "brackets"},
		{"an IPv6 address with a zone", "s3://AK:SK@[fe80::1%25eth0]:9000/wandb-files?region=r", "BYOB-ADDR-005", "host", "IPv6"},
		{"a bracket that is not closed", "s3://AK:SK@[::1/wandb-files?region=r", "BYOB-ADDR-005", "host", "bracket"},
		{"port 0", "s3://AK:SK@minio:0/wandb-files?region=r", "BYOB-ADDR-005", "host", "65535"},
		{"port 65536", "s3://AK:SK@minio:65536/wandb-files?region=r", "BYOB-ADDR-005", "host", "65535"},
		{"a port with a sign", "s3://AK:SK@minio:+900/wandb-files?region=r", "BYOB-ADDR-005", "host", "65535"},
		{"an empty port", "s3://AK:SK@minio:/wandb-files?region=r", "BYOB-ADDR-005", "host", "65535"},
		{"a host with a space", "s3://AK:SK@min io:9000/wandb-files?region=r", "BYOB-ADDR-005", "host", "host's name"},
		{"a host with two dots in a row", "s3://AK:SK@minio..example/wandb-files?region=r", "BYOB-ADDR-005", "host", "host's name"},
		{"the virtual-hosted style for an IP address", "s3://AK:SK@10.0.0.7/wandb-files?region=r&forcePathStyle=false", "BYOB-ADDR-018", "query", "IP address"},
		{"the virtual-hosted style for a dotted bucket under TLS", "s3://wandb.files?region=us-east-1&forcePathStyle=false", "BYOB-ADDR-018", "query", "certificate"},
		{"Google's endpoint with the bucket before it", "s3://AK:SK@b.storage.googleapis.com/x?region=r", "BYOB-ADDR-006", "host", "gs://"},
		{"an Azure host by S3's scheme", "s3://AK:SK@acct.blob.core.windows.net/wandb-files?region=r", "BYOB-ADDR-012", "scheme", "az://"},
		{"an endpoint with a bucket and no credentials", "s3://minio.example.com/wandb-files?region=r", "BYOB-ADDR-020", "host", "no credentials"},
		{"no bucket", "s3://", "BYOB-ADDR-020", "bucket", "no bucket"},

		{"an endpoint in a GCS address", "gs://storage.googleapis.com/wandb-files", "BYOB-ADDR-020", "host", "not an endpoint"},
		{"a port in a GCS address", "gs://wandb-files:443", "BYOB-ADDR-020", "host", "not an endpoint"},
		{"no GCS bucket", "gs:///team", "BYOB-ADDR-020", "bucket", "no bucket"},
		{"GCS over plain http", "gs://wandb-files?tls=false", "BYOB-ADDR-013", "query", "TLS only"},
		{"a host in an Azure address", "az://wandbstorage.blob.core.windows.net/wandb-files", "BYOB-ADDR-020", "account", "not a host"},
		{"an Azure account with a dot", "az://wandb.storage/wandb-files", "BYOB-ADDR-016", "account", "no dots"},
		{"Azure over plain http", "az://wandbstorage/wandb-files?tls=false", "BYOB-ADDR-013", "query", "TLS only"},

		{"nothing before the at sign", "s3://@s3.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-010", "credentials", "nothing before"},
		{"a colon and nothing before the at sign", "az://:@wandbstorage/wandb-files", "BYOB-ADDR-010", "credentials", "nothing before"},
		{"an encoded line break in a secret", "s3://AK:SK%0A@s3.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-010", "credentials", "%0A"},
		{"a space in a secret", "s3://AK:SK 1@s3.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-010", "credentials", "%20"},
		{"a letter outside ASCII in a secret", "s3://AK:SKé@s3.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-010", "credentials", "outside ASCII"},
		{"a percent sign at the end of a secret", "s3://AK:SK%@s3.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-010", "credentials", "%25"},
		{"an at sign in a sub-path", "gs://wandb-files/someone@example.com", "BYOB-ADDR-010", "credentials", "%40"},
		{"a placeholder for the secret, as Helm writes it", "s3://AK:$(SECRET)@s3.us-east-1.amazonaws.com/wandb-files", "BYOB-ADDR-005", "credentials", "placeholder"},
		{"a placeholder for the key, encoded", "az://:%3CaccessKey%3E@wandbstorage/wandb-files", "BYOB-ADDR-008", "credentials", "placeholder"},
		{"a placeholder for the endpoint", "s3://AK:SK@<url_endpoint>/wandb-files?region=r", "BYOB-ADDR-005", "host", "placeholder"},
		{"a placeholder for a GCS bucket", "gs://<bucketName>", "BYOB-ADDR-007", "bucket", "placeholder"},
		{"a placeholder for a storage account", "az://<storageAccountName>/wandb-files", "BYOB-ADDR-008", "account", "placeholder"},
		{"a placeholder for the region", "s3://wandb-files?region=<region>", "BYOB-ADDR-005", "query", "placeholder"},
		{"a placeholder in the sub-path", "s3://wandb-files/team/<team>", "BYOB-ADDR-009", "path", "placeholder"},

		{"a number sign in the sub-path", "s3://wandb-files/a#b", "BYOB-ADDR-009", "path", "%23"},
		{"a number sign in the query", "s3://wandb-files?region=us-east-1#x", "BYOB-ADDR-013", "query", "#"},
		{"a bad percent sign in the sub-path", "s3://wandb-files/100%", "BYOB-ADDR-009", "path", "%25"},
		{"a slash encoded twice", "s3://wandb-files/a%252Fb", "BYOB-ADDR-009", "path", "%2F"},
		{"an encoded slash in the bucket", "s3://AK:SK@s3.us-east-1.amazonaws.com/a%2Fb", "BYOB-ADDR-009", "path", "%2F"},
		{"a tab in the sub-path", "s3://wandb-files/a\tb", "BYOB-ADDR-009", "path", "control"},
		{"a C1 control character in the sub-path", "s3://wandb-files/a%C2%85b", "BYOB-ADDR-009", "path", "control"},
		{"what is no UTF-8 in the sub-path", "s3://wandb-files/a%FFb", "BYOB-ADDR-009", "path", "UTF-8"},
		{"two slashes and no bucket", "s3://AK:SK@s3.us-east-1.amazonaws.com//wandb-files", "BYOB-ADDR-005", "bucket", "no bucket"},

		{"a bad percent sign in the query", "s3://wandb-files?region=%zz", "BYOB-ADDR-013", "query", "hexadecimal"},
		{"an empty region", "s3://wandb-files?region=", "BYOB-ADDR-013", "query", "region=<region>"},
		{"tls in capitals", "s3://wandb-files?tls=TRUE", "BYOB-ADDR-013", "query", "tls=true"},
		{"tls without a value", "s3://wandb-files?tls", "BYOB-ADDR-013", "query", "tls=true"},
		{"forcePathStyle with a number", "s3://wandb-files?forcePathStyle=1", "BYOB-ADDR-013", "query", "forcePathStyle"},
		{"an ampersand as HTML writes it", "s3://wandb-files?region=us-east-1&amp;tls=true", "BYOB-ADDR-013", "query", "&amp;"},
		{"another program's word for path style", "s3://wandb-files?use_path_style=true", "BYOB-ADDR-013", "query", "write it forcePathStyle"},
		{"another program's word for TLS", "s3://wandb-files?ssl=true", "BYOB-ADDR-013", "query", "write it tls"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := address.Parse(fill(tt.raw), address.Options{})
			var e *address.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *address.Error", err)
			}
			if e.Requirement != tt.requirement || e.Part != tt.part || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("got  %v\nwant %s, %s, saying %q", e, tt.part, tt.requirement, tt.says)
			}
			if strings.ContainsAny(e.Error(), "\r\n") || address.Leaks(e.Error(), sk) {
				t.Errorf("got an error of several lines, or with a piece of the secret")
			}
		})
	}
}

func TestParseRecognisesTheProviderAsFarAsItCan(t *testing.T) {
	for raw, want := range map[string]address.Provider{
		"cw://AK:SK@evil.example/b":                        address.CoreWeave,
		"gs://AK:SK@b":                                     address.GCP,
		"az://b":                                           address.Azure,
		"gcs://wandb-files":                                address.GCP,
		"https://s3.us-east-1.amazonaws.com/b":             address.AWS,
		"s3://AK:SK@s3.us-east-1.amazonaws.com/B":          address.AWS,
		"s3://AK:SK@minio.example.com/wandb-files":         address.S3Compatible,
		"s3://AK:SK@s3.us-east-1.amazonaws.com.evil.org/b": address.S3Compatible,
		"s3://AK@minio.example.com/b":                      "",
		"nonsense":                                         "",
	} {
		_, err := address.Parse(fill(raw), address.Options{})
		var e *address.Error
		if !errors.As(err, &e) || e.Provider != want {
			t.Errorf("%s: got %v, want an error with the provider %q", raw, err, want)
		}
	}
}

func TestParseTakesMachinesOnAWSForS3CompatibleStores(t *testing.T) {
	for _, host := range []string{"ec2-10-0-0-7.us-west-2.compute.amazonaws.com:9000", "ec2-10-0-0-7.compute-1.amazonaws.com:9000",
		"minio-1a2b.elb.us-east-1.amazonaws.com", "minio-1a2b.us-east-1.elb.amazonaws.com"} {
		if a := mustParse(t, fill("s3://AK:SK@"+host+"/wandb-files?region=r"), address.Options{}); a.Provider != address.S3Compatible {
			t.Errorf("%s: got %q, want s3-compatible", host, a.Provider)
		}
	}
}

func TestParseHoldsAnAddressAgainstTheExpectedProvider(t *testing.T) {
	good := map[address.Provider]string{
		address.AWS: "s3://AK:SK@s3.us-east-1.amazonaws.com/wandb-files?region=us-east-1", address.CoreWeave: "cw://AK:SK@cwobject.com/wandb-files",
		address.GCP: "gs://wandb-files", address.Azure: "az://wandbstorage/wandb-files",
		address.S3Compatible: "s3://AK:SK@minio.example.com/wandb-files?region=r",
	}
	for want := range good {
		for is, raw := range good {
			_, err := address.Parse(fill(raw), address.Options{Provider: want})
			if (err == nil) != (is == want) {
				t.Errorf("an address of %s where %s is expected: got %v", is, want, err)
			}
		}
	}
	if _, err := address.Parse("s3://wandb-files", address.Options{Provider: address.S3Compatible}); err == nil {
		t.Error("a bare bucket where s3-compatible is expected: got no error")
	}
	if _, err := address.Parse("s3://wandb-files", address.Options{Provider: sk}); err == nil || address.Leaks(err.Error(), sk) {
		t.Errorf("an unknown provider: got %v, want an error that does not repeat it", err)
	}
}

func TestParseWarnsOfWhatAnOlderEditionDoesNotDescribe(t *testing.T) {
	warned := func(raw, edition, requirement string) bool {
		for _, w := range mustParse(t, fill(raw), address.Options{Edition: edition}).Warnings {
			if w.Requirement == requirement {
				return true
			}
		}
		return false
	}
	for _, tt := range []struct {
		name, raw, requirement string
		before, since          bool
	}{
		{"CoreWeave", "cw://AK:SK@cwobject.com/wandb-files", "BYOB-ADDR-001", true, false},
		{"sub-paths", "gs://wandb-files/team", "BYOB-ADDR-009", true, false},
		{"the native scheme of CoreWeave", "s3://AK:SK@cwobject.com/wandb-files?region=r&tls=true", "BYOB-ADDR-014", false, true},
		{"the native scheme of GCS", "s3://AK:SK@storage.googleapis.com/wandb-files?region=r&tls=true", "BYOB-ADDR-014", true, true},
	} {
		for edition, want := range map[string]bool{"2024-connector": tt.before, "2024-byob": tt.before, "": tt.since, "2025-09": tt.since, "2026-08": tt.since} {
			if got := warned(tt.raw, edition, tt.requirement); got != want {
				t.Errorf("%s in the edition %q: got a warning %v, want %v", tt.name, edition, got, want)
			}
		}
	}
}

func TestParseFindsTheRegion(t *testing.T) {
	here, there, nowhere, off := &address.Instance{OnAWS: true, AWSRegion: "us-west-2"}, &address.Instance{OnAWS: true, AWSRegion: "eu-west-1"},
		&address.Instance{OnAWS: true}, &address.Instance{AWSRegion: "us-west-2"}
	for _, tt := range []struct {
		name, raw    string
		instance     *address.Instance
		region, from string // "" and "refused" when refused
	}{
		{"the query says it", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files?region=us-west-2", there, "us-west-2", "query"},
		{"the global endpoint leaves it to the query", "s3://AK:SK@s3.amazonaws.com/wandb-files?region=us-west-2", nil, "us-west-2", "query"},
		{"the endpoint says it", "s3://AK:SK@s3-us-west-2.amazonaws.com/wandb-files", nil, "us-west-2", "endpoint"},
		{"the older endpoint of Virginia", "s3://AK:SK@s3-external-1.amazonaws.com/wandb-files", nil, "us-east-1", "endpoint"},
		{"dual-stack and FIPS", "s3://AK:SK@s3-fips.dualstack.us-west-2.amazonaws.com/wandb-files", nil, "us-west-2", "endpoint"},
		{"a secret region", "s3://AK:SK@s3.us-isob-east-1.sc2s.sgov.gov/wandb-files", nil, "us-isob-east-1", "endpoint"},
		{"a top secret region", "s3://AK:SK@s3.us-iso-east-1.c2s.ic.gov/wandb-files", nil, "us-iso-east-1", "endpoint"},
		{"the instance is in it", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files", here, "us-west-2", "instance"},
		{"the instance is in it, and the endpoint global", "s3://AK:SK@s3.amazonaws.com/wandb-files", here, "us-west-2", "instance"},
		{"the instance is elsewhere", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files", there, "", "refused"},
		{"the instance has no region", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files", nowhere, "", "refused"},
		{"the instance is not on AWS", "s3://AK:SK@s3.us-west-2.amazonaws.com/wandb-files", off, "", "refused"},
		{"a bare bucket, the instance unknown", "s3://wandb-files", nil, "", ""},
		{"a bare bucket, the instance on AWS", "s3://wandb-files", here, "us-west-2", "instance"},
		{"a bare bucket, the instance not on AWS", "s3://wandb-files", off, "", "refused"},
		{"CoreWeave needs none", "cw://AK:SK@cwobject.com/wandb-files", off, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := address.Parse(fill(tt.raw), address.Options{Instance: tt.instance})
			if tt.from == "refused" {
				var e *address.Error
				if !errors.As(err, &e) || e.Requirement != "BYOB-ADDR-005" {
					t.Errorf("got %v, want a refusal under BYOB-ADDR-005", err)
				}
				return
			}
			if err != nil || a.Region != tt.region || a.RegionFrom != tt.from {
				t.Errorf("got %v, %v, want %q from %q", a, err, tt.region, tt.from)
			}
		})
	}
}
