package wire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

func har(t testing.TB, rec *wire.Recorder) string {
	t.Helper()
	var b bytes.Buffer
	if err := rec.WriteHAR(&b, "bucketproof/0.1.0", "evidence"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// required are the fields that HAR 1.2 doesn't call optional, by object: "s" a string, "n" a number, "a" an array, "o" an
// object. Written from the specification, not from the code.
var required = map[string]map[string]string{
	"":                 {"log": "o"},
	"log":              {"version": "s", "creator": "o", "entries": "a"},
	"creator":          {"name": "s", "version": "s"},
	"entries":          {"startedDateTime": "s", "time": "n", "request": "o", "response": "o", "cache": "o", "timings": "o"},
	"request":          {"method": "s", "url": "s", "httpVersion": "s", "cookies": "a", "headers": "a", "queryString": "a", "headersSize": "n", "bodySize": "n"},
	"response":         {"status": "n", "statusText": "s", "httpVersion": "s", "cookies": "a", "headers": "a", "content": "o", "redirectURL": "s", "headersSize": "n", "bodySize": "n"},
	"content":          {"size": "n", "mimeType": "s"},
	"timings":          {"send": "n", "wait": "n", "receive": "n"},
	"headers":          {"name": "s", "value": "s"},
	"queryString":      {"name": "s", "value": "s"},
	"cache":            {},
	"no other objects": {},
}

// checkHAR returns what is wrong with a value under a name.
func checkHAR(name string, v any) (problems []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			problems = append(problems, checkHAR(name, item)...)
		}
	case map[string]any:
		fields, known := required[name]
		if !known {
			return []string{"an object " + name + " that HAR hasn't got"}
		}
		for field, kind := range fields {
			if got := kindOf(v[field]); got != kind {
				problems = append(problems, fmt.Sprintf("%s.%s is %q, want %q", name, field, got, kind))
			}
		}
		for field, inner := range v {
			switch inner.(type) {
			case []any, map[string]any:
				problems = append(problems, checkHAR(field, inner)...)
			}
		}
	}
	return problems
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "s"
	case float64:
		return "n"
	case []any:
		return "a"
	case map[string]any:
		return "o"
	}
	return "nothing"
}

func TestEvidenceIsHAR(t *testing.T) {
	s := newStore(t, true, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/slow":
			time.Sleep(15 * time.Millisecond)
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
		}
	})
	rec := wire.NewRecorder("BYOB-TEST-001")
	tr := transport(t, wire.Options{Network: s.network()})
	for _, path := range []string{"/a?prefix=p", "/slow", "/cut", "/b"} {
		req := attempt{method: "GET", url: "https://s3.store.test" + path}.request(t)
		if resp, err := tr.RoundTrip(req.WithContext(rec.With(t.Context()))); err == nil {
			finish(t, resp)
		}
	}
	var file any
	if err := json.Unmarshal([]byte(har(t, rec)), &file); err != nil {
		t.Fatal(err)
	}
	for _, p := range checkHAR("", file) {
		t.Error(p)
	}
	entries := file.(map[string]any)["log"].(map[string]any)["entries"].([]any)
	if len(entries) != 4 || rec.Len() != 4 {
		t.Fatalf("got %d entries, want 4", len(entries))
	}
	for i, e := range entries {
		e := e.(map[string]any)
		if _, err := time.Parse(time.RFC3339, e["startedDateTime"].(string)); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		timings, sum := e["timings"].(map[string]any), 0.0
		for name, v := range timings {
			ms := v.(float64)
			if ms < 0 && (ms != -1 || name == "send" || name == "wait" || name == "receive") {
				t.Errorf("entry %d: %s is %v", i, name, ms)
			}
			if name != "ssl" {
				sum += max(0, ms)
			}
		}
		if math.Abs(sum-e["time"].(float64)) > 0.001 {
			t.Errorf("entry %d: time is %v, want the sum of its timings %v", i, e["time"], sum)
		}
		if fresh := i == 0 || i == 3; fresh != (timings["ssl"].(float64) > 0) || fresh != (timings["connect"].(float64) > 0) {
			t.Errorf("entry %d: timings %v, want a connection of its own: %t", i, timings, fresh)
		}
	}
	if slow := entries[1].(map[string]any); slow["timings"].(map[string]any)["wait"].(float64) < 10 ||
		slow["response"].(map[string]any)["content"].(map[string]any)["size"].(float64) != 10_000 {
		t.Errorf("the slow answer: %v", slow)
	}
	if lines := rec.Lines(); !strings.HasPrefix(lines[0], "GET https://s3.store.test/a?prefix=p -> 200 in ") || !strings.Contains(lines[2], "no answer: the connection broke") {
		t.Errorf("lines: %q", lines)
	}
}

// canary makes a value that looks like a secret and is found again in every spelling.
func canary(n int) string { return fmt.Sprintf("CaNaRy%02d/wJalrXUtnFEMI+K7MDENG==", n) }

func TestEvidenceHoldsNoSecret(t *testing.T) {
	const xmlError = `<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided.</Message>` +
		`<AWSAccessKeyId>%[1]s</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 %[1]s</StringToSign><SignatureProvided>%[1]s</SignatureProvided><CanonicalRequest>GET /k X-Amz-Signature=%[1]s</CanonicalRequest></Error>`
	const azureError = "<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\nRequestId:%[1]s</Message>" +
		"<AuthenticationErrorDetail>The MAC signature found in the HTTP request '%[1]s' is not the same as any computed signature. Server used following string to sign: 'r %[1]s'.</AuthenticationErrorDetail></Error>"
	const jsonError = `{"error":{"code":401,"message":"Invalid Credentials for token %[1]s at https://x.test/k?sig=%[1]s","errors":[{"reason":"authError","message":"%[1]s"}]}}`
	const chatty = `<Error><Code>%[1]s</Code><Message>signature '%[1]s' of Credential=%[1]s, Bearer %[1]s, password: hunter2: string to sign was %[1]s</Message></Error>`
	answers := map[string]struct{ kind, body, shown string }{
		"/xml":    {"application/xml", xmlError, "SignatureDoesNotMatch: The request signature we calculated"},
		"/azure":  {"application/xml", azureError, "AuthenticationFailed: Server failed to authenticate the request."},
		"/json":   {"application/json", jsonError, "authError: Invalid Credentials"},
		"/chatty": {"text/xml", chatty, "[redacted]: "},
		"/text":   {"text/plain", "no such key %[1]s", ""},
		"/broken": {"application/xml", "<Error><Code>%[1]s", ""},
	}
	planted := 0
	plant := func() string { planted++; return canary(planted) }
	s := newStore(t, true, func(w http.ResponseWriter, r *http.Request) {
		a := answers[r.URL.Path]
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("X-Amz-Request-Id", "request-17")
		w.Header().Set("Set-Cookie", "session="+plant())
		w.Header().Set("X-Secret", plant())
		w.Header().Set("Www-Authenticate", plant())
		w.Header().Set("Location", "https://"+r.Host+"/k?"+plant()+"&sig="+plant()+"&prefix=shown-7")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, a.body, plant())
	})
	known := plant() // a secret that is known, in places whose values are shown
	pem := "-----BEGIN PRIVATE KEY-----\nMIIEvCaNaRyQIBADANBgkqhkiG\nline2CaNaRyAASCBKcwggSjAgE\n-----END PRIVATE KEY-----\n"
	rec := wire.NewRecorder("BYOB-TEST-001")
	tr := transport(t, wire.Options{Network: s.network(), Guard: guard(t, scopes["s3 path"]), Secrets: []string{known, pem}})
	for path, a := range answers {
		req := attempt{method: "GET", url: "https://s3.store.test" + path}.request(t)
		escaped := strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d").Replace
		req.URL.RawQuery = "X-Amz-Credential=" + escaped(plant()) + "&X-Amz-Signature=" + escaped(plant()) + "&X-Amz-Security-Token=" + escaped(plant()) + "&sig=" + escaped(plant()) +
			"&" + escaped(plant()) + "&unknown=" + escaped(plant()) + "&X-Amz-Expires=900&list-type=2&%zz=" + plant() + "&prefix=" + escaped(known)
		for name, value := range map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=" + plant(), "Cookie": plant(), "X-Amz-Security-Token": plant(),
			"x-ms-copy-source-authorization": plant(), "X-Own": plant(), "Proxy-Authorization": plant(), "Referer": plant(), "Range": "bytes=0-1",
			"Origin": "https://" + known, "If-Match": "MIIEvCaNaRyQIBADANBgkqhkiG", "If-None-Match": base64.StdEncoding.EncodeToString([]byte(known))} {
			req.Header[name] = []string{value}
		}
		resp, err := tr.RoundTrip(req.WithContext(rec.With(t.Context())))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
		if a.shown != "" && !strings.Contains(har(t, rec), `"text": "`+a.shown) {
			t.Errorf("%s: the evidence doesn't show %q", path, a.shown)
		}
	}
	// requests that the guard refuses say why without what they carried
	for _, bad := range []string{"https://u:" + "CaNaRyPw" + "@s3.store.test/bucket/k", "https://s3.store.test/bucket/" + prefix + "k?policy=CaNaRyPolicy"} {
		if _, err := tr.RoundTrip(attempt{method: "PUT", url: bad}.request(t).WithContext(rec.With(t.Context()))); err == nil || strings.Contains(err.Error(), "CaNaRy") {
			t.Errorf("got %v, want a refusal without its secret", err)
		}
	}
	evidence := har(t, rec) + strings.Join(rec.Lines(), "\n") + fmt.Sprint(rec.Refusals())
	for _, form := range []string{"CaNaRy", "canary", base64.StdEncoding.EncodeToString([]byte("CaNaRy"))[:7], "wJalrXUtnFEMI", "hunter2"} {
		if i := strings.Index(evidence, form); i >= 0 {
			t.Errorf("a secret shows: ...%s...", evidence[max(0, i-200):min(len(evidence), i+60)])
		}
	}
	for _, shown := range []string{"https://s3.store.test/xml?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]", `"value": "900"`, `"value": "bytes=0-1"`, `"value": "request-17"`,
		`"name": "Authorization"`, "prefix=shown-7", `"status": 403`} {
		if !strings.Contains(evidence, shown) {
			t.Errorf("the evidence doesn't show %q", shown)
		}
	}
	if planted < 60 {
		t.Errorf("only %d canaries were planted", planted)
	}
}

func TestCleanFindsASecretInItsSpellings(t *testing.T) {
	const secret = "pass/word+1=="
	for _, s := range []string{"a " + secret, "pass%2Fword%2B1%3D%3D", "pass%2fword%2b1%3d%3d", "cGFzcy93b3JkKzE9PQ==", "pass/word%2B1=="} {
		if got := wire.Clean(s, []string{secret}); got != wire.Redacted {
			t.Errorf("Clean(%q) = %q, want %q", s, got, wire.Redacted)
		}
	}
	if got := wire.Clean("password", []string{secret, "", "key"}); got != "password" {
		t.Errorf("Clean of an innocent value: got %q", got)
	}
}
