package run

import (
	"errors"
	"io"
	"net/http"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// answerKept bounds what is read of one answer: nothing a spec reads is larger.
const answerKept = 64 << 20

// Do sends a request with a plain HTTP client, as a client with a pre-signed URL does, and reads the whole answer.
// The error never contains the URL. A body that ends early, or is longer than a spec ever writes, is an error.
func Do(client *http.Client, req *http.Request) (Answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, bucket.Classify(req.Method, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerKept+1))
	if err != nil {
		return Answer{}, bucket.Classify(req.Method, err)
	}
	if len(body) > answerKept {
		return Answer{}, errors.New("the answer is longer than anything that was written")
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if resp.StatusCode >= 300 {
		e := bucket.ClassifyResponse(req.Method, resp, body)
		a.Kind, a.Code = e.Kind, e.Code
	}
	return a, nil
}
