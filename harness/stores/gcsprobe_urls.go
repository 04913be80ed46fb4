package stores

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// probeURLs uses V4 URLs in ways they weren't signed for, each beside the same URL as it was signed. The object isn't there: 404
// is what a URL that is let through comes to.
func (o *gcsOwner) probeURLs(ctx context.Context) ([]reports.Fidelity, error) {
	now, typed := time.Now(), http.Header{"Content-Type": {"text/plain"}}
	get, err := o.mint(http.MethodGet, now, nil, nil)
	if err != nil {
		return nil, err
	}
	late, err := o.mint(http.MethodGet, now.Add(-2*probeLife), nil, nil)
	if err != nil {
		return nil, err
	}
	saying, err := o.mint(http.MethodGet, now, nil, typed)
	if err != nil {
		return nil, err
	}
	var list []reports.Fidelity
	for _, try := range []struct {
		what, how             string
		method, target, right string
		header, rightHeader   http.Header
	}{
		{what: reports.FidelityExpiry, how: "a URL that lived a minute, two minutes later", method: http.MethodGet, target: late, right: get},
		{what: reports.FidelityMethod, how: "a URL to GET used to DELETE", method: http.MethodDelete, target: get, right: get},
		{what: reports.FidelityObject, how: "a URL used for another object", method: http.MethodGet, target: strings.Replace(get, "/"+probeKey, "/"+probeKey+"-2", 1), right: get},
		{what: reports.FidelityHeaders, how: "another Content-Type than was signed", method: http.MethodGet, target: saying, right: saying,
			header: http.Header{"Content-Type": {"text/html"}}, rightHeader: typed},
	} {
		wrong, err := o.ask(ctx, try.method, try.target, "", try.header)
		if err != nil {
			return nil, err
		}
		right, err := o.ask(ctx, http.MethodGet, try.right, "", try.rightHeader)
		if err != nil {
			return nil, err
		}
		refused := wrong.status == http.StatusForbidden || wrong.status == http.StatusBadRequest
		list = append(list, seen(try.what, refused && right.status == http.StatusNotFound, nil, fmt.Sprintf("%s: %d; as it was signed, of an object that isn't there: %d", try.how, wrong.status, right.status)))
	}
	return list, nil
}
