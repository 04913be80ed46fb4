package faults

import (
	"strings"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// everything is what can't be decided about a bucket whose address can't be used.
func everything(but ...string) []string {
	ids := []string{"BYOB-ADDR-001", "BYOB-ADDR-004", "BYOB-ADDR-005", "BYOB-ADDR-006", "BYOB-ADDR-007", "BYOB-ADDR-008", "BYOB-ADDR-009",
		"BYOB-ADDR-014", "BYOB-ADDR-015", "BYOB-ADDR-016", "BYOB-ADDR-018", "BYOB-ADDR-020"}
	ids = append(append(ids, net...), uses...)
	var out []string
	for _, id := range ids {
		keep := true
		for _, b := range but {
			keep = keep && id != b
		}
		if keep {
			out = append(out, id)
		}
	}
	return out
}

// addressFaults are addresses as administrators get them wrong.
func addressFaults() []Fault {
	f := func(name, does, breaks string, profiles []string, change func(string) string) Fault {
		return Fault{Name: name, Does: does, Profiles: profiles, Breaks: []string{breaks}, Blocks: everything(breaks),
			Setup: func(string) stores.Setup { return stores.Setup{Hooks: stores.Hooks{Address: change}} }}
	}
	return []Fault{
		f("placeholder-left-in", "the address has <accessKey> where the access key belongs", "BYOB-ADDR-001", []string{"coreweave"}, func(raw string) string {
			scheme, rest, _ := strings.Cut(raw, "://")
			_, secret, _ := strings.Cut(rest, ":")
			return scheme + "://<accessKey>:" + secret
		}),
		f("coreweave-without-tls", "the address says tls=false", "BYOB-ADDR-004", []string{"coreweave"}, replace("tls=true", "tls=false")),
		f("region-disagrees-with-endpoint", "the address names another region than its endpoint", "BYOB-ADDR-005", []string{"aws"},
			replace("region=us-east-1", "region=eu-west-1")),
		f("region-left-out", "the address names no region", "BYOB-ADDR-006", []string{"s3-compatible"}, replace("region=us-east-1&", "")),
		f("private-key-cut-off", "the private key in the address ends early", "BYOB-ADDR-007", []string{"gcp"}, cutSecret),
		f("access-key-cut-off", "the access key in the address is not base64", "BYOB-ADDR-008", []string{"azure"}, cutSecret),
		f("dots-in-the-sub-path", "the address has a sub-path with .. in it", "BYOB-ADDR-009", all, func(raw string) string {
			head, tail, ok := strings.Cut(raw, "?")
			if ok {
				tail = "?" + tail
			}
			return head + "/team/../other" + tail
		}),
		f("bucket-in-capitals", "the bucket's name is written in capitals", "BYOB-ADDR-016", all, func(raw string) string {
			head, tail, ok := strings.Cut(raw, "?")
			if ok {
				tail = "?" + tail
			}
			i := max(strings.LastIndexByte(head, '/'), strings.LastIndexByte(head, '@'))
			return head[:i+1] + strings.ToUpper(head[i+1:]) + tail
		}),
		f("bare-coreweave-bucket-in-the-path", "the address without credentials has the bucket in its path", "BYOB-ADDR-015", []string{"coreweave"}, bare("cwobject.com/")),
		f("bucket-in-the-host-beside-credentials", "the address has credentials, and a bucket where the endpoint belongs", "BYOB-ADDR-020", []string{"coreweave"},
			func(raw string) string {
				head, rest, _ := strings.Cut(raw, "@cwobject.com/")
				bucket, _, _ := strings.Cut(rest, "?")
				return head + "@" + bucket
			}),
		f("virtual-hosts-under-an-ip-address", "the address asks for virtual-hosted style at an IP address", "BYOB-ADDR-018", []string{"s3-compatible"},
			func(raw string) string { return raw + "&forcePathStyle=false" }),
		f("virtual-hosts-under-a-dotted-name", "the address asks for virtual-hosted style of a bucket with dots", "BYOB-ADDR-018", []string{"aws"},
			func(raw string) string { return strings.Replace(raw, "/byob-", "/byob.", 1) + "&forcePathStyle=false" }),
		f("endpoint-in-the-place-of-the-bucket", "the address without credentials names the provider's endpoint first", "BYOB-ADDR-020", []string{"aws", "gcp", "azure"},
			func(raw string) string {
				scheme, _, _ := strings.Cut(raw, "://")
				host := map[string]string{"s3": "s3.us-east-1.amazonaws.com", "gs": "storage.googleapis.com", "az": "account.blob.core.windows.net"}[scheme]
				return scheme + "://" + host + "/bucket"
			}),
		{Name: "google-by-s3", Does: "the address names Google's XML endpoint by s3://, which an embedded run can't reach", Profiles: []string{"s3-compatible"},
			Breaks: []string{"BYOB-ADDR-014", "BYOB-NET-001"}, Blocks: after("BYOB-NET-001"),
			Setup: func(string) stores.Setup {
				return stores.Setup{Hooks: stores.Hooks{Address: func(raw string) string { return atHost(raw, "storage.googleapis.com") }}}
			}},
	}
}

// atHost puts another endpoint into an address.
func atHost(raw, host string) string {
	before, rest, ok := strings.Cut(raw, "@127.0.0.1:")
	if !ok {
		return raw
	}
	_, path, _ := strings.Cut(rest, "/")
	return before + "@" + host + "/" + path
}

func replace(from, to string) func(string) string {
	return func(raw string) string { return strings.Replace(raw, from, to, 1) }
}

// cutSecret takes the end off the secret of an address: of a private key its last line, of another its padding and a
// character.
func cutSecret(raw string) string {
	at := strings.LastIndexByte(raw, '@')
	head, tail := raw[:max(at, 0)], raw[max(at, 0):]
	if i := strings.Index(head, "-----END"); i > 0 {
		return head[:i] + tail
	}
	for strings.HasSuffix(head, "%3D") || strings.HasSuffix(head, "=") {
		head = strings.TrimSuffix(strings.TrimSuffix(head, "%3D"), "=")
	}
	return head[:max(len(head)-1, 0)] + tail
}

// bare takes the credentials out of an address.
func bare(host string) func(string) string {
	return func(raw string) string {
		scheme, rest, _ := strings.Cut(raw, "://")
		_, path, _ := strings.Cut(rest, "@"+host)
		path, _, _ = strings.Cut(path, "?")
		return scheme + "://" + host + path + "/"
	}
}
