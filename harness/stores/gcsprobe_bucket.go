package stores

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// stranger is an account that exists and holds no role; its token was never asked for.
func (o *gcsOwner) stranger() (http.Header, error) {
	token, err := o.front.tokens.issue(gcsCaller{"nobody@" + gcsProject + ".iam.gserviceaccount.com", controller}, time.Now())
	return http.Header{"Authorization": {"Bearer " + token}}, err
}

// probePermissions asks for one thing and another as an account without a role, and as the owner.
func (o *gcsOwner) probePermissions(ctx context.Context) (reports.Fidelity, error) {
	owner, err := o.bearer()
	if err != nil {
		return reports.Fidelity{}, err
	}
	stranger, err := o.stranger()
	if err != nil {
		return reports.Fidelity{}, err
	}
	json, xml := "/storage/v1/b/"+o.bucket, "/"+o.bucket
	enforced, observed := true, []string{}
	for _, try := range []struct {
		method, target string
		want           int // of the owner
	}{
		{http.MethodGet, json, http.StatusOK},
		{http.MethodGet, json + "/iam", http.StatusOK},
		{http.MethodGet, json + "/o", http.StatusOK},
		{http.MethodGet, xml + "?versioning", http.StatusOK},
		{http.MethodGet, xml + "/" + probeKey, http.StatusNotFound},
		{http.MethodDelete, xml + "/" + probeKey, http.StatusNotFound},
	} {
		theirs, err := o.ask(ctx, try.method, try.target, "", stranger)
		if err != nil {
			return reports.Fidelity{}, err
		}
		ours, err := o.ask(ctx, try.method, try.target, "", owner)
		if err != nil {
			return reports.Fidelity{}, err
		}
		enforced = enforced && theirs.status == http.StatusForbidden && ours.status == try.want
		observed = append(observed, fmt.Sprintf("%s %s: %d, and %d", try.method, strings.Replace(try.target, o.bucket, "BUCKET", 1), theirs.status, ours.status))
	}
	return seen(reports.FidelityPermissions, enforced, nil, "asked without a role, and with roles/storage.admin: "+strings.Join(observed, "; ")), nil
}

// probeVersioning replaces an object and looks whether the generation before is still listed, as the bucket's resource says.
func (o *gcsOwner) probeVersioning(ctx context.Context) (reports.Fidelity, error) {
	owner, err := o.bearer()
	if err != nil {
		return reports.Fidelity{}, err
	}
	for _, body := range []string{"one", "two"} {
		if _, err := o.signed(ctx, http.MethodPut, time.Now(), nil, body, nil, nil); err != nil {
			return reports.Fidelity{}, err
		}
	}
	told, err := o.ask(ctx, http.MethodGet, "/storage/v1/b/"+o.bucket+"?fields=versioning", "", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	listed, err := o.count(ctx, "versions=true", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	var in struct{ Versioning gcsVersioning }
	readable := told.status == http.StatusOK && json.Unmarshal(told.body.Bytes(), &in) == nil
	want := 1
	if in.Versioning.Enabled {
		want = 2
	}
	return seen(reports.FidelityVersioning, readable && listed == want, nil, fmt.Sprintf(
		"the bucket's resource: %d, versioning on: %t; generations of an object written twice: %d", told.status, in.Versioning.Enabled, listed)), o.clear()
}

// count asks how many entries the probe's key has in a listing; -1 if that isn't told.
func (o *gcsOwner) count(ctx context.Context, query string, header http.Header) (int, error) {
	a, err := o.ask(ctx, http.MethodGet, "/storage/v1/b/"+o.bucket+"/o?prefix="+escape(probeKey)+"&"+query, "", header)
	if err != nil {
		return 0, err
	}
	var page struct{ Items []json.RawMessage }
	if a.status != http.StatusOK || json.Unmarshal(a.body.Bytes(), &page) != nil {
		return -1, nil
	}
	return len(page.Items), nil
}

// probeSoftDelete removes an object for good, as far as a client can, and looks for it.
func (o *gcsOwner) probeSoftDelete(ctx context.Context) (reports.Fidelity, error) {
	owner, err := o.bearer()
	if err != nil {
		return reports.Fidelity{}, err
	}
	if _, err := o.signed(ctx, http.MethodPut, time.Now(), nil, "x", nil, nil); err != nil {
		return reports.Fidelity{}, err
	}
	e, stored := o.storage.look(probeKey, 0)
	before, err := o.count(ctx, "softDeleted=true", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	removed, err := o.ask(ctx, http.MethodDelete, fmt.Sprintf("/%s/%s?generation=%d", o.bucket, probeKey, e.Generation), "", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	after, err := o.count(ctx, "softDeleted=true", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	live, err := o.count(ctx, "versions=true", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	soft, want := o.resource.soft(), 1
	if soft == 0 {
		want = 0
	}
	return seen(reports.FidelitySoftDelete, stored && removed.status == http.StatusNoContent && before == 0 && after == want && live == 0, nil, fmt.Sprintf(
		"soft deletion for %v; a removed object is in the listing of removed ones: %d, in the other: %d", soft, after, live)), o.clear()
}

// probeEncryption names a Cloud KMS key, and sends one of the customer's own.
func (o *gcsOwner) probeEncryption(ctx context.Context) (reports.Fidelity, error) {
	owner, err := o.bearer()
	if err != nil {
		return reports.Fidelity{}, err
	}
	told, err := o.ask(ctx, http.MethodGet, "/storage/v1/b/"+o.bucket+"?fields=encryption", "", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	const key = "projects/probe/locations/us-central1/keyRings/probe/cryptoKeys/probe"
	named, err := o.signed(ctx, http.MethodPut, time.Now(), nil, "x", http.Header{kmsHeader: {key}}, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	supplied, err := o.signed(ctx, http.MethodPut, time.Now(), nil, "x", http.Header{"X-Goog-Encryption-Algorithm": {"AES256"}}, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	kept := named.header.Get(kmsHeader)
	return seen(reports.FidelityEncryption, told.status == http.StatusOK && strings.HasPrefix(kept, key) && supplied.status == http.StatusNotImplemented, nil,
		fmt.Sprintf("the bucket's encryption: %d; PUT with a Cloud KMS key: %d, kept by name: %t (nothing is encrypted with it); PUT with a customer-supplied key: %d",
			told.status, named.status, strings.HasPrefix(kept, key), supplied.status)), o.clear()
}

func (o *gcsOwner) probeLifecycle(ctx context.Context) (reports.Fidelity, error) {
	owner, err := o.bearer()
	if err != nil {
		return reports.Fidelity{}, err
	}
	xml, err := o.ask(ctx, http.MethodGet, "/"+o.bucket+"?lifecycle", "", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	json, err := o.ask(ctx, http.MethodGet, "/storage/v1/b/"+o.bucket+"?fields=lifecycle", "", owner)
	if err != nil {
		return reports.Fidelity{}, err
	}
	return seen(reports.FidelityLifecycle, xml.status == http.StatusOK && json.status == http.StatusOK, nil,
		fmt.Sprintf("the lifecycle rules by the XML API: %d, by the JSON API: %d; they are kept and never run", xml.status, json.status)), nil
}

// clear takes away what the probe wrote.
func (o *gcsOwner) clear() error {
	o.front.mu.Lock()
	defer o.front.mu.Unlock()
	return o.storage.purge(probeKey)
}
