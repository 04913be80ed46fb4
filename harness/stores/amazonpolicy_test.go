package stores_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// What the owner sets by ARN is enforced for the address's access key, and read by ARN; what is set by access key is read so.
func TestAmazonsPolicyNamesTheUserByARN(t *testing.T) {
	b := provision(t, newHost(t), stores.AWS, stores.Setup{})
	user, bucket := s3Client(t, b)
	key, arn := read(t, b).id, b.Need.Principal
	b.Address = b.Owner
	owner, _ := s3Client(t, b)
	policy := func() string {
		t.Helper()
		got, err := owner.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(got.Policy)
	}
	if _, err := user.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("the user reads the policy: got %v, want AccessDenied", err)
	}
	if got := policy(); !strings.Contains(got, arn) || strings.Contains(got, key) {
		t.Errorf("the policy names the user other than by %s: %s", arn, got)
	}
	may := func() (list, locate error) {
		_, list = user.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
		_, locate = user.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: &bucket})
		return list, locate
	}
	if list, locate := may(); list != nil || locate != nil {
		t.Fatalf("as it was provisioned: got %v and %v, want neither", list, locate)
	}
	for _, who := range []string{arn, key} {
		document := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::%s"}]}`, who, bucket)
		if _, err := owner.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &document}); err != nil {
			t.Fatalf("set for %s: %v", who, err)
		}
		if got := policy(); got != document {
			t.Errorf("set for %s: got %s, want %s", who, got, document)
		}
		if list, locate := may(); list != nil || locate == nil || !strings.Contains(locate.Error(), "AccessDenied") {
			t.Errorf("set for %s: got %v and %v, want listing alone allowed", who, list, locate)
		}
	}
	malformed := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/other"},"Action":"s3:*","Resource":"*"}]}`
	if _, err := owner.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &malformed}); err == nil {
		t.Error("a policy for a user that nobody has was taken")
	}
}
