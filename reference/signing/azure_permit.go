package signing

import "strings"

// permits is the stage "permission": what the SAS, whose signature holds, is good for.
func (r *azure) permits(v *Verdict) {
	f, in := &r.f, r.in
	if f.spr == "https" && !in.TLS {
		v.refuse(StagePermission, CauseProtocol, "spr", "the SAS is good for https only, and the request came by http")
		return
	}
	if f.sip != "" && in.Remote.IsValid() {
		ip := in.Remote.Unmap()
		if span, _ := ipRange(f.sip); ip.Less(span[0]) || span[1].Less(ip) {
			v.refuse(StagePermission, CauseAddress, "sip", "the SAS is good for the addresses %s, and the request came from %s", f.sip, ip)
			return
		}
	}
	op := r.operation()
	if f.kind == AzureAccount && !strings.Contains(f.srt, op.level) {
		v.refuse(StagePermission, CauseResource, "srt", "the account SAS covers the resource types srt=%s, and %s needs %q", clip(f.srt), op.name, op.level)
		return
	}
	if f.kind != AzureAccount && (op.level == "s" || op.level == "c" && f.sr != "c" && (f.sr != "d" || !strings.Contains(op.letters, "l"))) {
		v.refuse(StagePermission, CauseResource, "sr", "%s works on more than the sr=%s of the SAS covers", op.name, f.sr)
		return
	}
	if op.letters == "" {
		v.refuse(StagePermission, CausePermission, "sp", "no SAS permits %s", op.name)
		return
	}
	if i := strings.IndexAny(r.permissions, op.letters); i < 0 {
		v.refuse(StagePermission, CausePermission, "sp", "the SAS permits sp=%s, and %s needs %s; mint it with that permission", clip(r.permissions), op.name, strings.Join(strings.Split(op.letters, ""), " or "))
		return
	}
	v.NewOnly = strings.Contains(op.letters, "c") && strings.Contains(op.letters, "w") && !strings.Contains(r.permissions, "w") &&
		(!strings.Contains(op.letters, "a") || !strings.Contains(r.permissions, "a"))
}

// operation is what a request does in Azure's words: the letters of which one suffices, and the level it works on
// (s service, c container, o object). Source: the permission tables of "Create a service SAS" and "Create an account SAS".
type operation struct{ name, letters, level string }

func (r *azure) operation() operation {
	comp, _, _ := take(r.params, "comp")
	restype, _, _ := take(r.params, "restype")
	_, versions, _ := take(r.params, "versionid")
	method := r.in.Method
	read := method == "GET" || method == "HEAD"
	switch {
	case r.container == "" || restype == "service":
		if method == "GET" && comp == "list" {
			return operation{"listing the containers", "l", "s"}
		}
		return operation{"an operation on the service", "", "s"}
	case r.blob == "" || restype == "container":
		switch {
		case read && comp == "list":
			return operation{"listing the blobs", "l", "c"}
		case method == "GET" && comp == "blobs":
			return operation{"finding blobs by tags", "f", "c"}
		case read && comp == "":
			return operation{"reading the container's properties", r.only(AzureAccount, "r"), "c"}
		case method == "PUT" && comp == "":
			return operation{"creating a container", r.only(AzureAccount, "cw"), "c"}
		case method == "DELETE" && comp == "":
			return operation{"deleting the container", r.only(AzureAccount, "d"), "c"}
		}
		return operation{"an operation on the container", "", "c"}
	case comp == "tags" && read || comp == "tags" && method == "PUT":
		return operation{"reading or setting tags", "t", "o"}
	case read:
		return operation{"reading the blob", "r", "o"}
	case method == "DELETE" && versions > 0:
		return operation{"deleting a version", "x", "o"}
	case method == "DELETE":
		return operation{"deleting the blob", "d", "o"}
	case method == "PUT" && (comp == "" || comp == "block" || comp == "blocklist" || comp == "snapshot"):
		return operation{"writing the blob", "cw", "o"}
	case method == "PUT" && comp == "appendblock":
		return operation{"appending to the blob", "aw", "o"}
	case method == "PUT" && (comp == "immutabilityPolicies" || comp == "legalhold"):
		return operation{"setting a hold", "i", "o"}
	case method == "PUT":
		return operation{"changing the blob", "w", "o"}
	}
	return operation{"the method " + clip(method), "", "o"}
}

func (r *azure) only(kind Scheme, letters string) string {
	if r.f.kind == kind {
		return letters
	}
	return ""
}
