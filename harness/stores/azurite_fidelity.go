package stores

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/bucketproof/bucketproof/reports"
)

// azureProbe asks Azurite what it enforces: in a container of its own, past the front, one wrong request beside one right
// one, so that a refusal of everything isn't taken for enforcement.
type azureProbe struct {
	owner     *azureOwner
	cred      *service.SharedKeyCredential
	container *container.Client
	name      string
	http      *http.Client
	seen      []reports.Fidelity
}

func (o *azureOwner) probe(ctx context.Context) (_ []reports.Fidelity, err error) {
	name, err := newName()
	if err != nil {
		return nil, err
	}
	cred, err := service.NewSharedKeyCredential(o.account.name, o.account.key)
	if err != nil {
		return nil, errors.New("probe azurite: the account key isn't base64")
	}
	p := &azureProbe{owner: o, cred: cred, container: o.service.NewContainerClient(name), name: name, http: &http.Client{Transport: o.azurite.transport}}
	if _, err := p.container.Create(ctx, nil); err != nil {
		return nil, fmt.Errorf("probe azurite: create a container: %w", azureError(err))
	}
	defer func() {
		if _, gone := p.container.Delete(context.WithoutCancel(ctx), nil); gone != nil {
			err = errors.Join(err, fmt.Errorf("probe azurite: remove the container: %w", azureError(gone)))
		}
	}()
	for _, step := range []func(context.Context) error{p.signatures, p.uploads, p.cors, p.kept} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("probe azurite: %w", azureError(err))
		}
	}
	return p.seen, nil
}

// attempt is a wrong request's answer.
type attempt struct {
	what   string
	status int
}

// note records what was seen: a thing is enforced if the right request passed and every wrong one was refused.
func (p *azureProbe) note(what string, right int, wrong ...attempt) {
	f := reports.Fidelity{What: what, Enforced: "yes", Seen: fmt.Sprintf("unbroken: %d", right)}
	for _, w := range wrong {
		f.Seen += fmt.Sprintf("; %s: %d", w.what, w.status)
		switch {
		case w.status >= 200 && w.status <= 299:
			f.Enforced = "no"
		case (w.status < 400 || w.status > 499) && f.Enforced == "yes":
			f.Enforced = "unknown"
		}
	}
	if right < 200 || right > 299 {
		f.Enforced = "unknown"
	}
	p.seen = append(p.seen, f)
}

// keyed asks for the container's properties by an account key (Authorize with Shared Key).
func (p *azureProbe) keyed(ctx context.Context, what string, account azureAccount, before ...policy.Policy) (attempt, error) {
	c, err := p.owner.client(account, before...)
	if err != nil {
		return attempt{}, err
	}
	_, err = c.NewContainerClient(p.name).GetProperties(ctx, nil)
	var r *azcore.ResponseError
	switch {
	case errors.As(err, &r):
		return attempt{what, r.StatusCode}, nil
	case err != nil:
		return attempt{}, err
	}
	return attempt{what, http.StatusOK}, nil
}

// dated gives requests another date than now.
type dated time.Duration

func (d dated) Do(req *policy.Request) (*http.Response, error) {
	req.Raw().Header.Set("x-ms-date", time.Now().Add(time.Duration(d)).UTC().Format(http.TimeFormat))
	return req.Next()
}

// mint signs a service SAS for one blob (Create a service SAS).
func (p *azureProbe) mint(blob string, permissions sas.BlobPermissions, change func(*sas.BlobSignatureValues)) (string, error) {
	v := sas.BlobSignatureValues{
		ContainerName: p.name, BlobName: blob, Protocol: sas.ProtocolHTTPS,
		Permissions: permissions.String(), ExpiryTime: time.Now().UTC().Add(time.Hour),
	}
	if change != nil {
		change(&v)
	}
	q, err := v.SignWithSharedKey(p.cred)
	if err != nil {
		return "", fmt.Errorf("sign a SAS: %w", err)
	}
	return q.Encode(), nil
}

// signatures tries an account key and service SAS, each right and wrong.
func (p *azureProbe) signatures(ctx context.Context) error {
	if err := p.plant(ctx, "a", "b"); err != nil {
		return err
	}
	read := sas.BlobPermissions{Read: true}
	good, err := p.mint("a", read, nil)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	var minting error
	changed := func(change func(*sas.BlobSignatureValues)) string {
		q, err := p.mint("a", read, change)
		minting = errors.Join(minting, err)
		return q
	}
	late := changed(func(v *sas.BlobSignatureValues) { v.ExpiryTime = now.Add(-time.Minute) })
	early := changed(func(v *sas.BlobSignatureValues) { v.StartTime = now.Add(20 * time.Minute) })
	elsewhere := changed(func(v *sas.BlobSignatureValues) { v.IPRange = sas.IPRange{Start: net.IPv4(10, 1, 2, 3)} })
	query, err := url.ParseQuery(good)
	if err = errors.Join(minting, err); err != nil {
		return err
	}
	edited := func(name, value string) string {
		q := maps.Clone(query)
		q[name] = []string{value}
		return q.Encode()
	}
	var failed error
	get := func(what, method, blob, query string) attempt {
		status, err := p.ask(ctx, method, blob, query, nil, nil)
		failed = errors.Join(failed, err)
		return attempt{what, status}
	}
	keyed := func(what string, account azureAccount, before ...policy.Policy) attempt {
		a, err := p.keyed(ctx, what, account, before...)
		failed = errors.Join(failed, err)
		return a
	}
	own, other := p.owner.account, newAzureAccount()
	right := get("", http.MethodGet, "a", good).status
	rightKey := keyed("", own).status
	p.note(reports.FidelitySignatures, right,
		get("another signature", http.MethodGet, "a", edited("sig", base64.StdEncoding.EncodeToString(make([]byte, sha256.Size)))),
		get("a later expiry written in", http.MethodGet, "a", edited("se", now.Add(24*time.Hour).Format(time.RFC3339))),
		get("another blob", http.MethodGet, "b", good),
		keyed("signed with another account key", azureAccount{name: own.name, key: other.key}))
	p.note(reports.FidelityObject, right, get("a SAS used for another blob", http.MethodGet, "b", good))
	p.note(reports.FidelityIdentity, rightKey, keyed("an account that doesn't exist", other), get("unsigned", http.MethodGet, "a", ""))
	p.note(reports.FidelityExpiry, right, get("a SAS that expired a minute ago", http.MethodGet, "a", late))
	p.note(reports.FidelityClock, right, get("a SAS that starts in 20 minutes", http.MethodGet, "a", early))
	p.note(reports.FidelityIPRange, right, get("a SAS for 10.1.2.3 alone", http.MethodGet, "a", elsewhere))
	p.note(reports.FidelityAge, rightKey, keyed("signed with the account key 20 minutes ago", own, dated(-20*time.Minute)))
	// Last, because it deletes what the others read where it isn't refused.
	p.note(reports.FidelityPermissions, right, get("a reading SAS used to delete", http.MethodDelete, "a", good))
	return failed
}

// uploads tries what a plain PUT must say (Put Blob).
func (p *azureProbe) uploads(ctx context.Context) error {
	query, err := p.mint("c", sas.BlobPermissions{Create: true, Write: true}, nil)
	if err != nil {
		return err
	}
	body := []byte("bucketproof")
	digest := func(b []byte) string {
		sum := md5.Sum(b)
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	put := func(header http.Header) (int, error) {
		return p.ask(ctx, http.MethodPut, "c", query, header, body)
	}
	right, err := put(http.Header{"X-Ms-Blob-Type": {"BlockBlob"}, "Content-Md5": {digest(body)}})
	if err != nil {
		return err
	}
	mismatched, err := put(http.Header{"X-Ms-Blob-Type": {"BlockBlob"}, "Content-Md5": {digest([]byte("another"))}})
	if err != nil {
		return err
	}
	untyped, err := put(http.Header{})
	if err != nil {
		return err
	}
	p.note(reports.FidelityContentMD5, right, attempt{"another body's Content-MD5", mismatched})
	p.note(reports.FidelityBlobType, right, attempt{"no x-ms-blob-type", untyped})
	return nil
}

// cors tries preflights against the account's rules (Preflight Blob Request).
func (p *azureProbe) cors(ctx context.Context) error {
	preflight := func(method string) (int, error) {
		return p.ask(ctx, http.MethodOptions, "a", "", http.Header{"Origin": {"https://probe.example"}, "Access-Control-Request-Method": {method}}, nil)
	}
	right, err := preflight(http.MethodGet)
	if err != nil {
		return err
	}
	wrong, err := preflight(http.MethodDelete)
	if err != nil {
		return err
	}
	p.note(reports.FidelityCORS, right, attempt{"a preflight for DELETE, which no rule allows", wrong})
	return nil
}

// kept looks whether a deleted blob is still there. The account's policy is not changed for it: Azurite has no soft delete,
// whatever the policy says, and the probe sees that.
func (p *azureProbe) kept(ctx context.Context) error {
	if err := p.plant(ctx, "d"); err != nil {
		return err
	}
	if _, err := p.container.NewBlobClient("d").Delete(ctx, nil); err != nil {
		return err
	}
	pager := p.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Deleted: true, Versions: true}})
	page, err := pager.NextPage(ctx)
	if err != nil {
		return err
	}
	f := reports.Fidelity{What: reports.FidelityVersioning, Enforced: "no", Seen: "a deleted blob is in no listing"}
	for _, item := range page.Segment.BlobItems {
		if *item.Name == "d" {
			f.Enforced, f.Seen = "yes", "a deleted blob is still listed"
		}
	}
	p.seen = append(p.seen, f)
	return nil
}

func (p *azureProbe) plant(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		_, err := p.container.NewBlockBlobClient(key).UploadBuffer(ctx, []byte(key), nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// ask sends a plain request for a blob and returns the status of the answer.
func (p *azureProbe) ask(ctx context.Context, method, key, query string, header http.Header, body []byte) (int, error) {
	target := "https://" + p.owner.account.host() + "/" + p.name + "/" + key + "?" + query
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(target, "?"), bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("make a request")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := p.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL: its query is a secret
		}
		return 0, fmt.Errorf("%s a blob: %w", method, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, nil
}
