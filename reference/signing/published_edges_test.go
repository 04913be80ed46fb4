package signing_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// Requests and signatures published by Amazon (awslabs/aws-c-auth, tests/aws-signing-test-suite/v4, Apache-2.0), those that
// go wrong most: order and white space of headers, UTF-8, encoded names, paths that must not be normalised. They are for a
// service named "service", whose payload is hashed, and repeat the signed date in a header.
func TestAmazonsPublishedEdgesVerify(t *testing.T) {
	const (
		empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no body
		query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders="
	)
	key := signing.NewSecretKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "")
	for _, tt := range []struct {
		name, path, more, signed, signature string
		header                              http.Header
	}{
		{"a header sent three times, in its own order", "/", "", "host%3Bmy-header1", "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97", http.Header{"My-Header1": {"value2", "value2", "value1"}}},
		{"white space around values and within quotes", "/", "", "host%3Bmy-header1%3Bmy-header2", "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4", http.Header{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}},
		{"an encoded name sorts by its encoding", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1&", "host", "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787", nil},
		{"UTF-8 in the path, unencoded", "/ሴ", "", "host", "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44", nil},
		{"UTF-8 in a name, unencoded", "/", "ሴ=bar&", "host", "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600", nil},
		{"double slashes", "//example//", "", "host", "822a5a9ba28072c5ab2bb4a6307d0c88276d40e49fec6b724c03fb4d4ba60fc2", nil},
		{"dots at the end", "/example1/example2/../..", "", "host", "b45db0bfd1cf15003493b733e33aa208dd981bd0e63037a6ed953f71d2118a16", nil},
		{"a parameter before the signature's", "/", "Param1=value1&", "host", "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de", nil},
		{"parameters out of order", "/", "Param2=value2&Param1=value1&", "host", "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := signing.Input{Method: "GET", Host: "example.amazonaws.com", RawPath: tt.path, TLS: true, Service: "service", PayloadHash: empty,
				RawQuery: tt.more + query + tt.signed + "&X-Amz-Expires=3600&X-Amz-Signature=" + tt.signature,
				Header:   http.Header{"X-Amz-Date": {"20150830T123600Z"}}, Keys: one(key), Time: time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)}
			for name, values := range tt.header {
				in.Header[name] = values
			}
			if v := signing.Verify(in); !v.OK {
				t.Errorf("got %v, want it accepted\n%s", v, v.CanonicalRequest)
			}
			in.Header.Set("X-Amz-Date", "20150830T123601Z")
			if v := signing.Verify(in); v.Cause != signing.CauseHeaderUnsigned {
				t.Errorf("with another date in the header: got %v, want %s", v, signing.CauseHeaderUnsigned)
			}
		})
	}
}
