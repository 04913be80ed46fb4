package bucket

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// uploadLife is how long the URLs live that this package signs for itself.
const uploadLife = 15 * time.Minute

// xmlCall sends one request of the XML API (cloud.google.com/storage/docs/multipart-uploads): pre-signed when the address
// has a key, so that the same way is used as for the parts, with a token otherwise. into may be nil.
func (b *gcsBucket) xmlCall(ctx context.Context, op, method, key string, query url.Values, body []byte, into any) (http.Header, error) {
	client, target := b.authed, b.bucketURL(key, query)
	if b.signer != nil {
		signed, err := b.sign(PresignRequest{Method: method, Key: key, Lifetime: uploadLife, Query: query})
		if err != nil {
			return nil, err
		}
		client, target = b.plain, signed.URL
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, b.fail(op, err)
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/xml")
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, b.fail(op, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, b.fail(op, err)
	}
	if e := ClassifyResponse(op, resp, answer); e != nil {
		return nil, b.report(e)
	}
	if into == nil {
		return resp.Header, nil
	}
	var root struct{ XMLName xml.Name }
	if err := xml.Unmarshal(answer, &root); err == nil && root.XMLName.Local == "Error" { // a Complete may fail after its 200
		a := answered(resp, answer)
		return nil, b.report(a.classify(op))
	}
	if err := xml.Unmarshal(answer, into); err != nil {
		return nil, b.fail(op, errors.New("an answer that is not the XML it should be"))
	}
	return resp.Header, nil
}

func answered(resp *http.Response, body []byte) answer {
	a := answer{status: resp.StatusCode, header: resp.Header, request: resp.Request}
	a.read(body)
	return a
}

func (b *gcsBucket) Create(ctx context.Context, key string) (string, error) {
	const op = "create multipart upload"
	var out struct {
		ID string `xml:"UploadId"`
	}
	if _, err := b.xmlCall(ctx, op, http.MethodPost, key, url.Values{"uploads": {""}}, nil, &out); err != nil {
		return "", err
	}
	if out.ID == "" {
		return "", b.fail(op, errors.New("an answer without an upload ID"))
	}
	return out.ID, nil
}

func (b *gcsBucket) Complete(ctx context.Context, key, uploadID string, parts []Part) (Info, error) {
	type part struct {
		Number int32  `xml:"PartNumber"`
		ETag   string `xml:"ETag"`
	}
	list := struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []part   `xml:"Part"`
	}{}
	for _, p := range parts {
		list.Parts = append(list.Parts, part(p))
	}
	body, err := xml.Marshal(list)
	if err != nil {
		return Info{}, b.fail("complete multipart upload", err)
	}
	var out struct{ ETag string }
	header, err := b.xmlCall(ctx, "complete multipart upload", http.MethodPost, key, url.Values{"uploadId": {uploadID}}, body, &out)
	if err != nil {
		return Info{}, err
	}
	return Info{ETag: out.ETag, VersionID: header.Get("X-Goog-Generation")}, nil
}

func (b *gcsBucket) Abort(ctx context.Context, key, uploadID string) error {
	_, err := b.xmlCall(ctx, "abort multipart upload", http.MethodDelete, key, url.Values{"uploadId": {uploadID}}, nil, nil)
	return err
}

func (b *gcsBucket) Uploads(ctx context.Context, prefix string) ([]Upload, error) {
	var uploads []Upload
	query := url.Values{"uploads": {""}, "prefix": {prefix}}
	for {
		var page struct {
			Truncated bool   `xml:"IsTruncated"`
			NextKey   string `xml:"NextKeyMarker"`
			NextID    string `xml:"NextUploadIdMarker"`
			Uploads   []struct {
				Key       string
				ID        string `xml:"UploadId"`
				Initiated string
			} `xml:"Upload"`
		}
		if _, err := b.xmlCall(ctx, "list multipart uploads", http.MethodGet, "", query, nil, &page); err != nil {
			return nil, err
		}
		for _, u := range page.Uploads {
			started, _ := time.Parse(time.RFC3339, u.Initiated) // zero when the store writes none
			uploads = append(uploads, Upload{Key: u.Key, ID: u.ID, Initiated: started})
		}
		if !page.Truncated || (page.NextKey == query.Get("key-marker") && page.NextID == query.Get("upload-id-marker")) {
			return uploads, nil
		}
		query.Set("key-marker", page.NextKey)
		query.Set("upload-id-marker", page.NextID)
	}
}
