package stores

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/bucketproof/bucketproof/reference/cors"
)

// azureOwner is a container as its account's owner sees it: by the account key, straight to the process.
type azureOwner struct {
	backend   *azureBackend
	azurite   *azurite
	account   azureAccount
	service   *service.Client
	container *container.Client
}

var _ owner = (*azureOwner)(nil)

func newAzureOwner(b *azureBackend, a *azurite, account azureAccount, name string) (*azureOwner, error) {
	o := &azureOwner{backend: b, azurite: a, account: account}
	s, err := o.client(account)
	if err != nil {
		return nil, err
	}
	o.service, o.container = s, s.NewContainerClient(name)
	return o, nil
}

// client is a client past the front, of whatever account; before runs ahead of the signing of each request.
func (o *azureOwner) client(account azureAccount, before ...policy.Policy) (*service.Client, error) {
	cred, err := service.NewSharedKeyCredential(account.name, account.key)
	if err != nil {
		return nil, errors.New("azurite: the account key isn't base64") // the SDK's error may quote it
	}
	c, err := service.NewClientWithSharedKeyCredential("https://"+account.host()+"/", cred, &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport:       &http.Client{Transport: o.azurite.transport},
		Retry:           policy.RetryOptions{MaxRetries: -1},
		PerCallPolicies: before,
	}})
	if err != nil {
		return nil, fmt.Errorf("azurite: %w", err)
	}
	return c, nil
}

// create provisions the account and the container as W&B's instructions ask for (Bring your own bucket, "Provision your
// bucket", Azure, edition 2025-09). The container is private. CORS rules belong to the account's blob service.
func (o *azureOwner) create(ctx context.Context, s Setup) error {
	properties := &service.SetPropertiesOptions{
		CORS:                  azureRules(cors.Required(cors.Azure, "", "")),
		DeleteRetentionPolicy: &service.RetentionPolicy{Enabled: to.Ptr(false)},
	}
	if s.Versioning && !s.Suspended {
		properties.DeleteRetentionPolicy = &service.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr[int32](1)}
	}
	if _, err := o.service.SetProperties(ctx, properties); err != nil {
		return fmt.Errorf("set the account's blob service properties: %w", azureError(err))
	}
	access := &container.CreateOptions{}
	if s.Public {
		access.Access = to.Ptr(container.PublicAccessTypeContainer)
	}
	if _, err := o.container.Create(ctx, access); err != nil {
		return fmt.Errorf("create a container: %w", azureError(err))
	}
	return nil
}

// azureRules are CORS rules as the SDK has them; none is an empty list, which takes away those that are there.
func azureRules(p *cors.Policy) []*service.CORSRule {
	rules := []*service.CORSRule{}
	for _, r := range p.Rules {
		words := func(list []string) *string { return to.Ptr(strings.Join(list, ",")) }
		age := int32(0)
		if r.MaxAge != nil {
			age = int32(*r.MaxAge)
		}
		rules = append(rules, &service.CORSRule{AllowedOrigins: words(r.Origins), AllowedMethods: words(r.Methods), AllowedHeaders: words(r.Headers),
			ExposedHeaders: words(r.Expose), MaxAgeInSeconds: &age})
	}
	return rules
}

// share sets the rules of the account's blob service; what its properties say besides stays.
func (o *azureOwner) share(ctx context.Context, p *cors.Policy) error {
	if _, err := o.service.SetProperties(ctx, &service.SetPropertiesOptions{CORS: azureRules(p)}); err != nil {
		return fmt.Errorf("set the account's blob service properties: %w", azureError(err))
	}
	return nil
}

// inventory lists blobs, and snapshots as key@time. Blocks that were uploaded and never committed are "upload:key", with the
// hash of their IDs and sizes, whether or not there is a blob of that name.
func (o *azureOwner) inventory(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	pager := o.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Snapshots: true, UncommittedBlobs: true}})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list blobs: %w", azureError(err))
		}
		for _, item := range page.Segment.BlobItems {
			if err := o.look(ctx, item, found); err != nil {
				return nil, fmt.Errorf("blob %q: %w", *item.Name, azureError(err))
			}
		}
	}
	return found, nil
}

// look adds one listed blob to what was found.
func (o *azureOwner) look(ctx context.Context, item *container.BlobItem, found map[string]string) error {
	key, client := *item.Name, o.container.NewBlockBlobClient(*item.Name)
	if item.Snapshot != nil && *item.Snapshot != "" {
		snapshot, err := client.WithSnapshot(*item.Snapshot)
		if err != nil {
			return err
		}
		found[key+"@"+*item.Snapshot], err = hash(ctx, snapshot)
		return err
	}
	sum, err := hash(ctx, client)
	switch {
	case err == nil:
		found[key] = sum
	case !bloberror.HasCode(err, bloberror.BlobNotFound): // not found: it is there in blocks only
		return err
	}
	if item.Properties != nil && item.Properties.BlobType != nil && *item.Properties.BlobType != blob.BlobTypeBlockBlob {
		return nil
	}
	blocks, err := client.GetBlockList(ctx, blockblob.BlockListTypeUncommitted, nil)
	if err != nil {
		return err
	}
	if len(blocks.UncommittedBlocks) > 0 {
		lines := make([]string, len(blocks.UncommittedBlocks))
		for i, block := range blocks.UncommittedBlocks {
			lines[i] = fmt.Sprintf("%s %d\n", *block.Name, *block.Size)
		}
		sort.Strings(lines)
		sum := sha256.Sum256([]byte(strings.Join(lines, "")))
		found["upload:"+key] = hex.EncodeToString(sum[:])
	}
	return nil
}

// hash reads a blob and returns its SHA-256 in hex.
func hash(ctx context.Context, client *blockblob.Client) (string, error) {
	resp, err := client.DownloadStream(ctx, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	h := sha256.New()
	if _, err := io.Copy(h, resp.Body); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// configuration reads the account's blob service properties ("service") and the container's access policies ("acl") as
// the service sends them, and the container's settings, which are headers, a line each ("container").
func (o *azureOwner) configuration(ctx context.Context) (map[string]string, error) {
	docs := map[string]string{}
	var raw *http.Response
	capture := policy.WithCaptureResponse(ctx, &raw)
	if _, err := o.service.GetProperties(capture, nil); err != nil {
		return nil, fmt.Errorf("read the account's blob service properties: %w", azureError(err))
	}
	b, err := runtime.Payload(raw)
	if err != nil {
		return nil, fmt.Errorf("read the account's blob service properties: %w", err)
	}
	docs["service"] = string(b)
	if _, err := o.container.GetAccessPolicy(capture, nil); err != nil {
		return nil, fmt.Errorf("read the container's access policies: %w", azureError(err))
	}
	if b, err = runtime.Payload(raw); err != nil {
		return nil, fmt.Errorf("read the container's access policies: %w", err)
	}
	docs["acl"] = string(b)
	if _, err := o.container.GetProperties(capture, nil); err != nil {
		return nil, fmt.Errorf("read the container's properties: %w", azureError(err))
	}
	var lines []string
	for name, values := range raw.Header {
		name := strings.ToLower(name)
		if strings.HasPrefix(name, "x-ms-meta-") || azureContainerSettings[name] {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	sort.Strings(lines)
	docs["container"] = strings.Join(lines, "\n")
	return docs, nil
}

// azureContainerSettings are the headers of Get Container Properties that are settings.
var azureContainerSettings = map[string]bool{
	"x-ms-blob-public-access":                        true,
	"x-ms-has-immutability-policy":                   true,
	"x-ms-has-legal-hold":                            true,
	"x-ms-immutable-storage-with-versioning-enabled": true,
	"x-ms-default-encryption-scope":                  true,
	"x-ms-deny-encryption-scope-override":            true,
}

func (o *azureOwner) put(ctx context.Context, key string, body []byte) error {
	_, err := o.container.NewBlockBlobClient(key).Upload(ctx, streaming.NopCloser(bytes.NewReader(body)), nil)
	if err != nil {
		return fmt.Errorf("put blob %q: %w", key, azureError(err))
	}
	return nil
}

// remove deletes the container with all that is in it and gives the account back. Once the process is gone there is
// nothing left to remove.
func (o *azureOwner) remove(ctx context.Context) error {
	if o.azurite.gone() {
		return nil
	}
	if _, err := o.container.Delete(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerNotFound) {
		if o.azurite.gone() {
			return nil
		}
		return fmt.Errorf("remove the container: %w", azureError(err))
	}
	o.backend.release(o.azurite, o.account)
	return nil
}

// azureError shortens the SDK's error, which prints the whole exchange, to status and code.
func azureError(err error) error {
	var r *azcore.ResponseError
	if errors.As(err, &r) {
		return fmt.Errorf("%d %s", r.StatusCode, r.ErrorCode)
	}
	return err
}
