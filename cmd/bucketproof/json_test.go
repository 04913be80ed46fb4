package main

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// camelCase is what every name in every JSON output looks like: result.json is read by the same programs.
var camelCase = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)

func TestEveryNameInJSONIsCamelCase(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(typ.Elem(), path)
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[typ] || typ.PkgPath() == "time" {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" {
				continue
			}
			if !camelCase.MatchString(name) {
				t.Errorf("%s.%s is %q in JSON", path, f.Name, name)
			}
			walk(f.Type, path+"."+f.Name)
		}
	}
	for _, v := range []any{described{}, listed{}, built{}, matrixResult{}, run.Plan{}, run.Swept{}, reports.Result{}} {
		walk(reflect.TypeOf(v), reflect.TypeOf(v).String())
	}
	if len(seen) < 15 {
		t.Errorf("%d types were looked at: too few", len(seen))
	}
}

// names collects the names of all objects in a JSON text.
func names(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			into[k] = true
			names(inner, into)
		}
	case []any:
		for _, inner := range v {
			names(inner, into)
		}
	}
}

func TestPrintedJSONIsCamelCase(t *testing.T) {
	for _, c := range []struct {
		args []string
		has  string
	}{
		{[]string{"address", "--json", "s3://my-bucket"}, "requirement"}, {[]string{"address", "--json", "s3://b_"}, "rule"},
		{[]string{"certify", "--plan", "--json", "s3://my-bucket"}, "cost"}, {[]string{"version", "--json"}, "version"}, {[]string{"list", "--json"}, "id"},
	} {
		got := call(t, "", c.args...)
		var v any
		if err := json.Unmarshal([]byte(got.out), &v); err != nil {
			t.Errorf("%v prints no JSON: %v", c.args, err)
			continue
		}
		all := map[string]bool{}
		names(v, all)
		if !all[c.has] {
			t.Errorf("%v: no name %q in %v", c.args, c.has, all)
		}
		for name := range all {
			if !camelCase.MatchString(name) {
				t.Errorf("%v: %q", c.args, name)
			}
		}
	}
}
