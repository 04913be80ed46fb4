package address_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

func TestParseStoresNamesTheBadItem(t *testing.T) {
	for _, tt := range []struct{ name, list, part, says, cause string }{
		{"a bucket's name that breaks the rules", "cw://,gs://wandb-files,az://wandbstorage/A", "item 3", "BYOB-ADDR-016", "BYOB-ADDR-016"},
		{"a region missing", "s3://AK:SK@minio:9000/wandb-files", "item 1", "region", "BYOB-ADDR-006"},
		{"a comma at the end", "cw://,", "item 2", "empty", ""},
		{"cw:// in capitals", "gs://wandb-files, Cw://", "item 2", "exact item cw://", ""},
		{"a raw comma in a secret", "s3://AK:SK,x@s3.us-east-1.amazonaws.com/wandb-files", "item 1", "%2C", "BYOB-ADDR-020"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stores, err := address.ParseStores(fill(tt.list), address.Options{})
			var e *address.Error
			if stores != nil || !errors.As(err, &e) {
				t.Fatalf("got %v, %v, want no list and an *address.Error", stores, err)
			}
			if e.Requirement != "BYOB-ADDR-019" || e.Part != tt.part || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("got  %v\nwant %s, BYOB-ADDR-019, saying %q", e, tt.part, tt.says)
			}
			var cause *address.Error
			if errors.As(errors.Unwrap(err), &cause); (cause == nil) != (tt.cause == "") || cause != nil && cause.Requirement != tt.cause {
				t.Errorf("got the cause %v, want %q", cause, tt.cause)
			}
			if address.Leaks(e.Error(), sk) {
				t.Error("the error holds a piece of the secret")
			}
		})
	}
}

func TestAnEmptyListOfStoresIsAllowed(t *testing.T) {
	for _, list := range []string{"", " \n"} {
		stores, err := address.ParseStores(list, address.Options{})
		if err != nil || stores.CoreWeave || len(stores.Addresses) > 0 {
			t.Errorf("%q: got %v, %v, want an empty list", list, stores, err)
		}
	}
}

func TestStoresHoldWhatTheyList(t *testing.T) {
	list := "s3://AK:SK@s3.us-east-1.amazonaws.com/wandb-files?region=us-east-1,gs://wandb-files/team,az://wandbstorage/wandb-files"
	without, err := address.ParseStores(fill(list), address.Options{})
	if err != nil {
		t.Fatal(err)
	}
	with, err := address.ParseStores(fill("cw://,"+list), address.Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := address.ParseStores(fill("cw://AK:SK@cwobject.com/wandb-files"), address.Options{})
	if err != nil {
		t.Fatal(err)
	}
	older, err := address.ParseStores(fill("cw://AK:SK@cwobject.com/wandb-files"), address.Options{Edition: "2024-byob"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, raw string
		stores    *address.Stores
		want      bool
	}{
		{"any CoreWeave bucket by cw://", "cw://AK:SK@cwobject.com/other-files", with, true},
		{"no CoreWeave bucket without it", "cw://AK:SK@cwobject.com/other-files", without, false},
		{"a CoreWeave bucket listed by its very address, without cw:// (contradiction 7)", "cw://AK:SK@cwobject.com/wandb-files", whole, false},
		{"the same in its bare form", "cw://wandb-files.cwobject.com", whole, false},
		{"the same in 2024-byob, which knows no cw://", "cw://wandb-files.cwobject.com", older, true},
		{"another one in 2024-byob", "cw://other-files.cwobject.com", older, false},
		{"a bucket with other credentials", "s3://OTHER:" + "key@s3.us-east-1.amazonaws.com/wandb-files?region=us-east-1", with, true},
		{"the same bucket at another endpoint", "s3://AK:SK@s3.eu-west-1.amazonaws.com/wandb-files?region=eu-west-1", with, false},
		{"the sub-path listed", "gs://wandb-files/team/", with, true},
		{"a neighbour of the sub-path listed", "gs://wandb-files/team2", with, false},
		{"another container", "az://wandbstorage/other-files", with, false},
	} {
		if got := tt.stores.Holds(mustParse(t, fill(tt.raw), address.Options{})); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if got, want := with.String(), "cw://,s3://[redacted]@s3.us-east-1.amazonaws.com/wandb-files?region=us-east-1,gs://wandb-files/team,az://wandbstorage/wandb-files"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
