package bucket

import (
	"context"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// Location is "": Azure signs for no region.
func (b *azureBucket) Location(context.Context) (string, error) { return "", nil }

func (b *azureBucket) Exists(ctx context.Context) error {
	_, err := b.container.GetProperties(ctx, nil)
	return b.fail("get container properties", err)
}

func (b *azureBucket) Retention(ctx context.Context) (Retention, error) {
	var r Retention // Azure has no switch for versioning that a data-plane identity could read
	p, err := b.container.GetProperties(ctx, nil)
	if err != nil {
		e := b.classified("get container properties", err)
		if !r.unread("container properties", e) {
			return r, e
		}
	} else {
		if yes(p.HasImmutabilityPolicy) {
			r.Lock = "the container's immutability policy keeps every blob"
		} else if yes(p.IsImmutableStorageWithVersioningEnabled) {
			r.Lock = "the container has version-level immutability, which may keep new versions by default"
		}
		if yes(p.HasLegalHold) {
			r.LegalHold = "the container is under a legal hold"
		}
	}
	s, _, err := b.properties(ctx)
	if err != nil {
		if e := b.classified("get blob service properties", err); !r.unread("blob service properties", e) {
			return r, e
		}
		return r, nil
	}
	if d := s.DeleteRetentionPolicy; d != nil && yes(d.Enabled) {
		days := int32(0)
		if d.Days != nil {
			days = *d.Days
		}
		r.Soft = "soft delete keeps removed blobs for " + count(days, "day")
	}
	return r, nil
}

// properties reads the blob service's properties, and the XML as Azure wrote it. Of a page or an empty answer the SDK makes
// properties of which none is set.
func (b *azureBucket) properties(ctx context.Context) (service.GetPropertiesResponse, []byte, error) {
	const op = "get blob service properties"
	var resp *http.Response
	got, err := b.service.GetProperties(policy.WithCaptureResponse(ctx, &resp), nil)
	if err != nil {
		return got, nil, b.fail(op, err)
	}
	document, err := runtime.Payload(resp) // read already, and kept
	if err != nil {
		return got, nil, b.fail(op, err)
	}
	document, err = whole(op, document, "StorageServiceProperties")
	return got, document, err
}

func yes(b *bool) bool { return b != nil && *b }

// Configuration returns the container's properties (JSON), its stored access policies and the blob service's properties (the
// XML that Azure wrote). CORS is in the service's: it is set on the account, not on a container.
func (b *azureBucket) Configuration(ctx context.Context) (map[string]string, error) {
	documents := map[string]string{}
	for _, d := range []struct {
		name, op string
		read     func(context.Context) (string, error)
	}{
		{"container", "get container properties", func(ctx context.Context) (string, error) {
			p, err := b.container.GetProperties(ctx, nil)
			if err != nil {
				return "", err
			}
			return document(map[string]any{
				"publicAccess": p.BlobPublicAccess, "metadata": p.Metadata, "hasImmutabilityPolicy": p.HasImmutabilityPolicy,
				"hasLegalHold": p.HasLegalHold, "versionLevelImmutability": p.IsImmutableStorageWithVersioningEnabled,
				"defaultEncryptionScope": p.DefaultEncryptionScope, "denyEncryptionScopeOverride": p.DenyEncryptionScopeOverride,
			})
		}},
		{"acl", "get container access policy", func(ctx context.Context) (string, error) {
			_, err := b.container.GetAccessPolicy(ctx, nil)
			return "", err
		}},
		{"service", "get blob service properties", func(ctx context.Context) (string, error) {
			_, err := b.service.GetProperties(ctx, nil)
			return "", err
		}},
	} {
		var resp *http.Response
		document, err := d.read(policy.WithCaptureResponse(ctx, &resp))
		if err != nil {
			e := b.classified(d.op, err)
			switch {
			case e.Kind == KindNoSuchBucket || e.Status == 0:
				return nil, e
			case !absent(e):
				documents[d.name] = Unreadable + string(e.Kind)
			}
			continue
		}
		if document == "" {
			raw, err := runtime.Payload(resp) // read already, and kept
			if err != nil {
				return nil, b.fail(d.op, err)
			}
			document = string(raw)
		}
		if document != "" {
			documents[d.name] = document
		}
	}
	return documents, nil
}

// snapshotMark begins the ID of a snapshot in Version.
const snapshotMark = "snapshot="

func (b *azureBucket) Versions(ctx context.Context, prefix string) ([]Version, error) {
	o := &container.ListBlobsFlatOptions{Prefix: &prefix, Include: container.ListBlobsInclude{Versions: true, Snapshots: true}}
	var versions []Version
	for pages := b.container.NewListBlobsFlatPager(o); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.fail("list blob versions", err)
		}
		if page.Segment == nil {
			continue
		}
		for _, item := range page.Segment.BlobItems {
			v := Version{Key: text(item.Name), ID: text(item.VersionID)}
			switch {
			case text(item.Snapshot) != "":
				v.ID = snapshotMark + text(item.Snapshot)
			default:
				v.Latest = v.ID == "" || yes(item.IsCurrentVersion)
			}
			versions = append(versions, v)
		}
	}
	return versions, nil
}

// DeleteVersion removes a version or a snapshot. The current version has to go by Delete first, which makes it a former one.
func (b *azureBucket) DeleteVersion(ctx context.Context, key, version string) error {
	const op = "delete blob version"
	client := b.container.NewBlobClient(key)
	var one *blob.Client
	var err error
	switch at, snapshot := strings.CutPrefix(version, snapshotMark); {
	case version == "":
		one = client
	case snapshot:
		one, err = client.WithSnapshot(at)
	default:
		one, err = client.WithVersionID(version)
	}
	if err != nil {
		return b.fail(op, err)
	}
	_, err = one.Delete(ctx, nil)
	return b.fail(op, err)
}
