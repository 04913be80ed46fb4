package address_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

func vectorNamed(tb testing.TB, requirement, name string) address.Vector {
	tb.Helper()
	for _, v := range address.Vectors() {
		if v.Requirement == requirement && v.Name == name {
			return v
		}
	}
	tb.Fatalf("there is no vector %s, %q", requirement, name)
	return address.Vector{}
}

func benchmarkParse(b *testing.B, requirement, name string) {
	v := vectorNamed(b, requirement, name)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := address.Parse(v.Raw, v.Options); (err != nil) != v.Want.Refused {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseS3(b *testing.B) { benchmarkParse(b, "BYOB-ADDR-006", "a port") }
func BenchmarkParseAWS(b *testing.B) {
	benchmarkParse(b, "BYOB-ADDR-005", "the documented AWS address")
}
func BenchmarkParseCoreWeave(b *testing.B) {
	benchmarkParse(b, "BYOB-ADDR-001", "the documented CoreWeave address")
}
func BenchmarkParseGCS(b *testing.B) {
	benchmarkParse(b, "BYOB-ADDR-007", "the documented GCS address")
}
func BenchmarkParseAzure(b *testing.B) {
	benchmarkParse(b, "BYOB-ADDR-008", "the documented Azure address")
}
func BenchmarkParseOddSecret(b *testing.B) {
	benchmarkParse(b, "BYOB-ADDR-010", "a secret with every awkward character on an S3-compatible store")
}
func BenchmarkParseRefused(b *testing.B) {
	benchmarkParse(b, "BYOB-ADDR-010", "a raw slash in the secret")
}

func BenchmarkPrint(b *testing.B) {
	v := vectorNamed(b, "BYOB-ADDR-006", "a port")
	a, err := address.Parse(v.Raw, v.Options)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("String", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = a.String()
		}
	})
	b.Run("Reveal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = a.Reveal()
		}
	})
}
