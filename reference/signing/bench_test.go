package signing_test

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// Ours and theirs side by side, for one object: run them in one go, "go test -run - -bench . ./reference/signing/".

func BenchmarkMintS3(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		signer := s3Signer(b, signing.NewSecretKey(secretKey, ""))
		r := signing.Request{Method: "GET", Host: "s3.us-east-1.amazonaws.com", Style: signing.VirtualHosted, Bucket: "bucket", Key: "team/project/run/file.bin", At: signedAt, Lifetime: time.Hour}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2 PresignHTTP", func(b *testing.B) {
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		cred := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: secretKey}
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequest("GET", "https://bucket.s3.us-east-1.amazonaws.com/team/project/run/file.bin?X-Amz-Expires=3600", nil)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := signer.PresignHTTP(b.Context(), cred, req, signing.Unsigned, "s3", "us-east-1", signedAt); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2 PresignHTTP, one request reused", func(b *testing.B) {
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		cred := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: secretKey}
		req, err := http.NewRequest("GET", "https://bucket.s3.us-east-1.amazonaws.com/team/project/run/file.bin?X-Amz-Expires=3600", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := signer.PresignHTTP(b.Context(), cred, req, signing.Unsigned, "s3", "us-east-1", signedAt); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMintAzure(b *testing.B) {
	encoded := base64.StdEncoding.EncodeToString([]byte(secretKey))
	b.Run("ours", func(b *testing.B) {
		signer, err := signing.NewAzureSigner("account", azureKey(secretKey))
		if err != nil {
			b.Fatal(err)
		}
		r := signing.AzureRequest{Container: "container", Blob: "team/project/run/file.bin", Permissions: "r", Start: signedAt, Expiry: signedAt.Add(time.Hour), Protocol: "https"}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("azblob SignWithSharedKey and Encode", func(b *testing.B) {
		cred, err := service.NewSharedKeyCredential("account", encoded)
		if err != nil {
			b.Fatal(err)
		}
		v := sas.BlobSignatureValues{Version: signing.DefaultSASVersion, ContainerName: "container", BlobName: "team/project/run/file.bin", Permissions: "r", StartTime: signedAt, ExpiryTime: signedAt.Add(time.Hour), Protocol: sas.ProtocolHTTPS}
		b.ReportAllocs()
		for b.Loop() {
			q, err := v.SignWithSharedKey(cred)
			if err != nil {
				b.Fatal(err)
			}
			_ = q.Encode()
		}
	})
}

func BenchmarkMintGCS(b *testing.B) {
	pemText, key := serviceAccount()
	nothing := func([]byte) ([]byte, error) { return make([]byte, 256), nil }
	r := signing.Request{Method: "GET", Host: "storage.googleapis.com", Bucket: "bucket", Key: "team/project/run/file.bin", At: signedAt, Lifetime: time.Hour}
	b.Run("ours", func(b *testing.B) {
		signer, err := signing.NewGCSSigner(email, key)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours, signing nothing", func(b *testing.B) {
		signer, err := signing.NewGCSSignerFunc(email, nothing)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, o := range map[string]storage.SignedURLOptions{"storage.SignedURL": {PrivateKey: pemText}, "storage.SignedURL, signing nothing": {SignBytes: nothing}} {
		b.Run(name, func(b *testing.B) {
			o.GoogleAccessID, o.Method, o.Scheme, o.Expires = email, "GET", storage.SigningSchemeV4, time.Now().Add(time.Hour)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := storage.SignedURL("bucket", "team/project/run/file.bin", &o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, s := range samples(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := signing.Verify(s.in); !v.OK {
					b.Fatal(v)
				}
			}
		})
	}
}
