package connector

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/reference/cors"
)

// azureVersion is the version of the blob service's API that is spoken.
const azureVersion = "2021-12-02"

// madeHeader is metadata by which a container is known as one that a trial has made: a container is removed with all that
// is in it, so that another's must never be taken for it.
const madeHeader = "x-ms-meta-bucketproof"

// softDeleteDays is how long removed blobs are kept.
const softDeleteDays = 7

// makeAzure does a step with the account's key. A container of Azure's has no policy of its own; CORS rules and soft deletion
// belong to the account's blob service, where rules of others are kept.
func (c *Connector) makeAzure(ctx context.Context, b *bucket, m *making, step Step) error {
	container := "/" + b.Address.Bucket + "?restype=container"
	ask := func(doing, method, path string, body []byte, header http.Header, also ...int) (*answer, error) {
		return c.askAzure(ctx, b, m, doing, method, path, body, header, also...)
	}
	switch step {
	case MakeAbsent:
		a, err := ask("say whether it is there", http.MethodHead, container, nil, nil, http.StatusNotFound)
		if err == nil && a.status != http.StatusNotFound {
			return bucketTaken()
		}
		return err
	case MakeNew:
		a, err := ask("be made", http.MethodPut, container, nil, http.Header{madeHeader: {m.trial}}, http.StatusConflict)
		if err == nil && a.status == http.StatusConflict {
			return bucketTaken()
		}
		return err
	case MakeCORS:
		return c.shareAzure(ask, m)
	case MakeKeep:
		_, err := ask("keep what was removed", http.MethodPut, azureService, azureKeep(), nil)
		return err
	case MakeUndo:
		a, err := ask("say whose it is", http.MethodHead, container, nil, nil, http.StatusNotFound)
		if err != nil || a.status == http.StatusNotFound {
			return err
		}
		if a.header.Get(madeHeader) != m.trial {
			return &storeError{doing: "be removed again", status: a.status, cause: errors.New("it is not the one that was made")}
		}
		_, err = ask("be removed again", http.MethodDelete, container, nil, nil, http.StatusNotFound)
		return err
	}
	return nil // MakePolicy: W&B comes by the account's key, and containers are private as they are made
}

const azureService = "/?restype=service&comp=properties"

// shareAzure adds the prescribed rule to the account's, unless those that are there do what it does.
func (c *Connector) shareAzure(ask func(doing, method, path string, body []byte, header http.Header, also ...int) (*answer, error), m *making) error {
	const doing = "take its CORS rules"
	a, err := ask(doing, http.MethodGet, azureService, nil, nil)
	if err != nil {
		return err
	}
	have, err := cors.Read(cors.Azure, a.body)
	if err != nil {
		return &storeError{doing: doing, status: a.status, cause: errors.New("its answer holds no rules")}
	}
	need := cors.Need{Provider: cors.Azure, Edition: m.prescription.Edition}
	if origin := m.cors.Rules[0].Origins[0]; origin != "*" {
		need.FrontendOrigin = origin
	}
	if len(have.Rules) > 0 && len(cors.Missing(have, need)) == 0 {
		return nil
	}
	type rule struct {
		XMLName                                                        xml.Name `xml:"CorsRule"`
		AllowedOrigins, AllowedMethods, AllowedHeaders, ExposedHeaders string
		MaxAgeInSeconds                                                int
	}
	document := struct {
		XMLName xml.Name `xml:"StorageServiceProperties"`
		Cors    struct{ Rules []rule }
	}{}
	for _, r := range append(slices.Clone(have.Rules), m.cors.Rules...) {
		age := 0
		if r.MaxAge != nil {
			age = *r.MaxAge
		}
		document.Cors.Rules = append(document.Cors.Rules, rule{AllowedOrigins: strings.Join(r.Origins, ","), AllowedMethods: strings.Join(r.Methods, ","),
			AllowedHeaders: strings.Join(r.Headers, ","), ExposedHeaders: strings.Join(r.Expose, ","), MaxAgeInSeconds: age})
	}
	_, err = ask(doing, http.MethodPut, azureService, s3Document(document), nil)
	return err
}

// azureKeep turns soft deletion on. What it doesn't name stays as it is (Azure Storage REST, "Set Blob Service Properties").
func azureKeep() []byte {
	return fmt.Appendf(nil, "<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled><Days>%d</Days></DeleteRetentionPolicy></StorageServiceProperties>", softDeleteDays)
}

// askAzure makes one request of the blob service, authorized by the account's key.
func (c *Connector) askAzure(ctx context.Context, b *bucket, m *making, doing, method, path string, body []byte, header http.Header, also ...int) (*answer, error) {
	key, err := base64.StdEncoding.DecodeString(m.identity.Secret)
	if err != nil {
		return nil, badCredentials(b.Address.Provider)
	}
	r, err := http.NewRequestWithContext(ctx, method, b.Address.ServiceURL()+path, bytes.NewReader(body))
	if err != nil {
		return nil, &storeError{doing: doing, cause: errors.New("its URL can't be used")}
	}
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	r.Header.Set("x-ms-date", c.signingTime().Format(http.TimeFormat))
	r.Header.Set("x-ms-version", azureVersion)
	r.ContentLength = int64(len(body))
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/xml")
	} else {
		r.Body = nil
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(sharedKeyText(r, b.Address.Account)))
	r.Header.Set("Authorization", "SharedKey "+b.Address.Account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return c.exchange(ctx, doing, b, r, also...)
}

// sharedKeyText is what is signed (Azure Storage REST, "Authorize with Shared Key", blob service, 2009-09-19 and later).
func sharedKeyText(r *http.Request, account string) string {
	length := ""
	if r.ContentLength > 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	lines := []string{r.Method, "", "", length, "", r.Header.Get("Content-Type"), "", "", "", "", "", ""}
	var own []string
	for name, values := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-ms-") {
			own = append(own, lower+":"+strings.Join(values, ","))
		}
	}
	sort.Strings(own)
	resource := "/" + account + r.URL.EscapedPath()
	query := r.URL.Query()
	for _, name := range sortedNames(query) {
		resource += "\n" + strings.ToLower(name) + ":" + strings.Join(query[name], ",")
	}
	return strings.Join(lines, "\n") + "\n" + strings.Join(own, "\n") + "\n" + resource
}

func sortedNames(q url.Values) []string {
	var names []string
	for name := range q {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
