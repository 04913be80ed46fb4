package run_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
)

func TestAnswerOf(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want run.Answer
	}{
		"success":                     {nil, run.Answer{Status: http.StatusOK}},
		"no answer":                   {errors.New("the connection broke"), run.Answer{}},
		"a refusal that names a rule": {&driver.Error{Status: 403, Kind: driver.Forbidden, Problem: driver.Problem{Requirement: "BYOB-TEAM-001"}}, run.Answer{Status: 403, Kind: "forbidden", Code: "BYOB-TEAM-001"}},
		"a refusal that names none":   {&driver.Error{Status: 404, Kind: driver.NotFound}, run.Answer{Status: 404, Kind: "not-found", Code: "not-found"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run.AnswerOf(tt.err); got.Status != tt.want.Status || got.Kind != tt.want.Kind || got.Code != tt.want.Code {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestFindAURLsBucket(t *testing.T) {
	y := &run.Yard{}
	for _, raw := range []string{"s3://id:secretsecret@127.0.0.1:9000/first/run?region=us-east-1&tls=true", "s3://id:secretsecret@127.0.0.1:9000/second?region=us-east-1&tls=true",
		"cw://id:secretsecret@cwobject.com/third?tls=true"} {
		a, err := address.Parse(raw, address.Options{})
		if err != nil {
			t.Fatal(err)
		}
		y.Lots = append(y.Lots, &run.Lot{Provider: string(a.Provider), Address: a})
	}
	for name, tt := range map[string]struct{ url, bucket, key, at string }{
		"by its path":                   {"https://127.0.0.1:9000/first/run/a%20b?X-Amz-Signature=1", "first", "run/a b", "first"},
		"by its path, another":          {"https://127.0.0.1:9000/second/x", "second", "x", "second"},
		"by its host":                   {"https://third.cwobject.com/a/b", "third", "a/b", "third"},
		"a name that begins as another": {"https://127.0.0.1:9000/first2/x", "", "", "first"},
		"a bucket that nobody has":      {"https://fourth.cwobject.com/x", "", "", "third"},
		"another port":                  {"https://127.0.0.1:9001/first/x", "", "", ""},
		"another host":                  {"https://elsewhere.example/first/x", "", "", ""},
		"no URL":                        {"https://%zz", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			lot, key := y.Find(tt.url)
			got := ""
			if lot != nil {
				got = lot.Address.Bucket
			}
			if got != tt.bucket || key != tt.key {
				t.Errorf("got %q, %q; want %q, %q", got, key, tt.bucket, tt.key)
			}
			if at := y.At(tt.url); (at == nil) != (tt.at == "") || tt.bucket == "" && at != nil && at.Provider == "coreweave" != (tt.at == "third") {
				t.Errorf("a store: got %v, want that of %q", at, tt.at)
			}
		})
	}
	if at := y.Lots[0].At("team/a"); at.Path != "run/team/a" || y.Lots[0].Address.Path != "run" {
		t.Errorf("a sub-path below the lot's: got %q, and the lot has %q", at.Path, y.Lots[0].Address.Path)
	}
}

func TestAConnectorWithoutBucketsIsNotTried(t *testing.T) {
	_, err := run.ConformConnector(t.Context(), run.ConnectorTarget{URL: "http://127.0.0.1:1", Token: "token"}, run.Options{Catalogue: load(t)})
	if u := (*run.UsageError)(nil); !errors.As(err, &u) {
		t.Errorf("got %v, want a usage error", err)
	}
}

// A parser alone is asked for addresses, and nothing else of the profile is said to have been tried.
func TestAParserIsNoConnector(t *testing.T) {
	d, err := run.ConformParser(t.Context(), "fake", address.Reference(), run.Options{Catalogue: load(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range d.Result.Requirements {
		want := reports.NotRun
		if l.ID[:9] == "BYOB-ADDR" {
			want = reports.Errored // no family is given
		}
		if l.Outcome != want {
			t.Errorf("%s: got %s, want %s", l.ID, l.Outcome, want)
		}
	}
}
