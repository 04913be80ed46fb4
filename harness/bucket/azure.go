package bucket

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/bucketproof/bucketproof/reference/address"
)

// azureBucket speaks to one container of an Azure storage account.
type azureBucket struct {
	reporter
	name      string
	service   *service.Client
	container *container.Client
	key       *blob.SharedKeyCredential // nil without a key in the address
	http      *http.Client
	now       clock
	https     bool
}

func openAzure(a *address.Address, o Options, base *url.URL) (*Bucket, error) {
	b := &azureBucket{reporter: newReporter(a.Credentials), name: a.Bucket, http: o.HTTP, now: o.Now, https: base.Scheme == "https"}
	core := azureOptions(o.HTTP)
	identity := "the address's account key"
	var err error
	if a.HasCredentials() {
		b.key, err = service.NewSharedKeyCredential(a.Account, a.Credentials.Secret.Reveal())
		if err != nil { // its text may quote what it couldn't read
			return nil, errors.New("the account key is no base64")
		}
		b.service, err = service.NewClientWithSharedKeyCredential(base.String()+"/", b.key, &service.ClientOptions{ClientOptions: core})
	} else {
		identity = "the bucket's owner (Azure's default credentials)"
		chain, chainErr := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: core})
		if chainErr != nil {
			return nil, errors.New("make Azure's default credentials: the environment's settings can't be read")
		}
		b.service, err = service.NewClient(base.String()+"/", azureChain{chain}, &service.ClientOptions{ClientOptions: core})
	}
	if err != nil {
		return nil, b.fail("make Azure's client", err)
	}
	b.container = b.service.NewContainerClient(a.Bucket)
	return &Bucket{Objects: b, Presigner: b, Inspector: b, CORSReader: b, Unmaker: b, Blocks: b, Identity: identity}, nil
}

// azureOptions make every Azure client use the one HTTP client and try once.
func azureOptions(client *http.Client) azcore.ClientOptions {
	return azcore.ClientOptions{Transport: client, Retry: policy.RetryOptions{MaxRetries: -1}}
}

func (b *azureBucket) blob(key string) *blockblob.Client { return b.container.NewBlockBlobClient(key) }

// azureChain marks the failures of the default chain, which are no answers of the store.
type azureChain struct{ azcore.TokenCredential }

func (c azureChain) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	t, err := c.TokenCredential.GetToken(ctx, o)
	if err != nil {
		return t, &chainError{err}
	}
	return t, nil
}
