package stores

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reports"
)

// minioOwner sees a bucket of MinIO's as its root does.
type minioOwner struct {
	s3Wire
	minio  *minioServer
	runner *minioRunner
	user   credentials // the one in the address
	setup  Setup
}

var _ owner = (*minioOwner)(nil)

// create makes the bucket and its user, and gives them what the instructions ask for, but for CORS rules.
func (o *minioOwner) create(ctx context.Context) error {
	s := o.setup
	header := http.Header{}
	if s.Retention {
		header.Set("X-Amz-Bucket-Object-Lock-Enabled", "true")
	}
	if _, err := o.must(ctx, "make the bucket", s3Request{method: http.MethodPut, header: header, as: o.minio.root}); err != nil {
		return err
	}
	if err := o.minio.addUser(ctx, o.user, minioPolicy(o.bucket, Setup{MoreActions: s.MoreActions})); err != nil {
		return err
	}
	for _, step := range []struct {
		what, query, body string
		skip              bool
	}{
		{what: "set the default encryption", query: "encryption=", body: string(defaultEncryption(minioKeyARN))},
		{what: "turn versioning on", query: "versioning=", skip: !s.Versioning && !s.Retention && !s.Suspended, body: versioningOn},
		{what: "suspend versioning", query: "versioning=", skip: !s.Suspended || s.Retention, body: versioningOff},
		{what: "set the default retention", query: "object-lock=", skip: !s.Retention,
			body: `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled>` +
				`<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`},
	} {
		if step.skip {
			continue
		}
		if err := o.set(ctx, step.what, step.query, []byte(step.body)); err != nil {
			return err
		}
	}
	return nil
}

// narrow takes from the user what the setup says, and lets everybody in where it does. It comes after the probe, which asks as a
// user who may.
func (o *minioOwner) narrow(ctx context.Context) error {
	s := o.setup
	if len(s.Without) > 0 || len(s.Denied) > 0 {
		if err := o.minio.setPolicy(ctx, o.user, minioPolicy(o.bucket, s)); err != nil {
			return err
		}
	}
	if !s.Public {
		return nil
	}
	return o.set(ctx, "set the bucket policy", "policy=", mustJSON(map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Principal": map[string][]string{"AWS": {"*"}}, "Action": []string{"s3:GetObject", "s3:ListBucket"},
			"Resource": []string{"arn:aws:s3:::" + o.bucket, "arn:aws:s3:::" + o.bucket + "/*"}}}}))
}

// set puts one of the bucket's documents in place.
func (o *minioOwner) set(ctx context.Context, what, query string, body []byte) error {
	sum := md5.Sum(body)
	_, err := o.must(ctx, what, s3Request{method: http.MethodPut, query: query, body: body, as: o.minio.root,
		header: http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}})
	return err
}

func (o *minioOwner) share(context.Context, *cors.Policy) error {
	return fmt.Errorf("%w: MinIO keeps no CORS rules for a bucket", ErrUnavailable)
}

func (o *minioOwner) put(ctx context.Context, key string, body []byte) error {
	_, err := o.must(ctx, fmt.Sprintf("store %q", key), s3Request{method: http.MethodPut, key: key, body: body, as: o.minio.root})
	return err
}

func (o *minioOwner) configuration(ctx context.Context) (map[string]string, error) {
	documents := map[string]string{"user policy": string(minioPolicy(o.bucket, o.setup))}
	for _, name := range []string{"encryption", "lifecycle", "location", "object-lock", "policy", "tagging", "versioning"} {
		a, err := o.do(ctx, s3Request{method: http.MethodGet, query: name + "=", as: o.minio.root})
		switch {
		case err != nil:
			return nil, fmt.Errorf("read the bucket's %s: %w", name, err)
		case a.status == http.StatusOK:
			documents[name] = string(a.body)
		case a.status != http.StatusNotFound && a.status != http.StatusNotImplemented:
			return nil, fmt.Errorf("read the bucket's %s: MinIO answered %v", name, a)
		}
	}
	return documents, nil
}

// minioVersions is a page of ListObjectVersions, minioUploads one of ListMultipartUploads; keys are percent-encoded.
type minioVersions struct {
	IsTruncated                        bool
	NextKeyMarker, NextVersionIdMarker string
	Version, DeleteMarker              []struct{ Key, VersionId string }
}

type minioUploads struct {
	IsTruncated                       bool
	NextKeyMarker, NextUploadIdMarker string
	Upload                            []struct{ Key, UploadId string }
}

// each calls f for every version and delete marker there is.
func (o *minioOwner) each(ctx context.Context, f func(key, version string, marker bool) error) error {
	key, version := "", ""
	for {
		q := url.Values{"versions": {""}, "encoding-type": {"url"}, "key-marker": {key}, "version-id-marker": {version}}
		if version == "" {
			q.Del("version-id-marker")
		}
		var page minioVersions
		if err := o.read(ctx, "list the bucket", q, &page); err != nil {
			return err
		}
		for i, list := range [][]struct{ Key, VersionId string }{page.Version, page.DeleteMarker} {
			for _, v := range list {
				name, err := url.QueryUnescape(v.Key)
				if err == nil {
					err = f(name, v.VersionId, i == 1)
				}
				if err != nil {
					return err
				}
			}
		}
		if !page.IsTruncated {
			return nil
		}
		key, version = page.NextKeyMarker, page.NextVersionIdMarker
		if unescaped, err := url.QueryUnescape(key); err == nil {
			key = unescaped
		}
	}
}

func (o *minioOwner) read(ctx context.Context, what string, q url.Values, into any) error {
	a, err := o.must(ctx, what, s3Request{method: http.MethodGet, query: q.Encode(), as: o.minio.root})
	if err == nil {
		err = xml.Unmarshal(a.body, into)
	}
	return err
}

func (o *minioOwner) eachUpload(ctx context.Context, f func(key, id string) error) error {
	q := url.Values{"uploads": {""}, "encoding-type": {"url"}}
	for {
		var page minioUploads
		if err := o.read(ctx, "list the bucket's uploads", q, &page); err != nil {
			return err
		}
		for _, u := range page.Upload {
			name, err := url.QueryUnescape(u.Key)
			if err == nil {
				err = f(name, u.UploadId)
			}
			if err != nil {
				return err
			}
		}
		if !page.IsTruncated {
			return nil
		}
		q.Set("key-marker", page.NextKeyMarker)
		q.Set("upload-id-marker", page.NextUploadIdMarker)
	}
}

func (o *minioOwner) inventory(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	versioned := o.setup.Versioning || o.setup.Retention || o.setup.Suspended
	err := o.each(ctx, func(key, version string, marker bool) error {
		name := key
		if versioned {
			name += "@" + version
		}
		if marker {
			all[name] = "delete marker"
			return nil
		}
		a, err := o.must(ctx, fmt.Sprintf("read %q", key), s3Request{method: http.MethodGet, key: key, query: "versionId=" + url.QueryEscape(version), as: o.minio.root})
		sum := sha256.Sum256(a.body)
		all[name] = hex.EncodeToString(sum[:])
		return err
	})
	if err == nil {
		err = o.eachUpload(ctx, func(key, id string) error {
			if all["upload:"+key] != "" {
				all["upload:"+key] += " "
			}
			all["upload:"+key] += id
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("take the inventory: %w", err)
	}
	return all, nil
}

// remove deletes the user, and the bucket with all that is in it, whatever locks hold it. With MinIO gone there is nothing to
// remove.
func (o *minioOwner) remove(ctx context.Context) error {
	if o.minio.ended() {
		return nil
	}
	err := o.erase(ctx)
	if gone := o.minio.removeUser(ctx, o.user); gone != nil {
		err = errors.Join(err, gone)
	}
	if o.minio.ended() { // meanwhile: a Host that closes ends its stores without waiting for their buckets
		return nil
	}
	return err
}

func (o *minioOwner) erase(ctx context.Context) error {
	if !o.setup.Retention { // MinIO's own way to remove a bucket with its content, but for one with locks
		_, err := o.must(ctx, "remove the bucket", s3Request{method: http.MethodDelete, header: http.Header{"X-Minio-Force-Delete": {"true"}}, as: o.minio.root})
		return err
	}
	err := o.each(ctx, func(key, version string, _ bool) error {
		_, err := o.must(ctx, fmt.Sprintf("remove %q", key), s3Request{method: http.MethodDelete, key: key, query: "versionId=" + url.QueryEscape(version),
			header: http.Header{"X-Amz-Bypass-Governance-Retention": {"true"}}, as: o.minio.root})
		return err
	})
	if err == nil {
		err = o.eachUpload(ctx, func(key, id string) error {
			_, err := o.must(ctx, "abort an upload", s3Request{method: http.MethodDelete, key: key, query: "uploadId=" + url.QueryEscape(id), as: o.minio.root})
			return err
		})
	}
	if err == nil {
		_, err = o.must(ctx, "remove the bucket", s3Request{method: http.MethodDelete, as: o.minio.root})
	}
	return err
}

func (o *minioOwner) probe(ctx context.Context) ([]reports.Fidelity, error) {
	list, err := (&s3Prober{o.s3Wire, o.minio.root, o.user}).probe(ctx)
	if err != nil {
		return nil, err
	}
	more, err := o.runner.fidelity(ctx, o.minio)
	return joined(list, more), err
}

// fidelity asks MinIO at length, once, in a bucket of its own.
func (r *minioRunner) fidelity(ctx context.Context, m *minioServer) (_ []reports.Fidelity, err error) {
	r.examining.Lock()
	defer r.examining.Unlock()
	if r.examined != nil {
		return r.examined, nil
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	user, err := newCredentials()
	if err != nil {
		return nil, err
	}
	o := &minioOwner{s3Wire: m.wire(name), minio: m, runner: r, user: user}
	defer func() { err = errors.Join(err, o.remove(context.WithoutCancel(ctx))) }()
	if err := o.create(ctx); err != nil {
		return nil, err
	}
	x := &s3Examined{s3Prober: &s3Prober{o.s3Wire, m.root, user}, set: o.set, kmsKey: minioKeyARN,
		grant: func(ctx context.Context, s Setup) error { return m.setPolicy(ctx, user, minioPolicy(name, s)) }}
	r.examined = x.examine(ctx)
	return r.examined, nil
}
