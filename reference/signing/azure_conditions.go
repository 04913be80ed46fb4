package signing

import (
	"net/netip"
	"strings"
	"time"
)

// sasTimes are the forms in which Azure takes a time.
var sasTimes = [...]string{"2006-01-02T15:04:05Z", "2006-01-02", "2006-01-02T15:04Z", "2006-01-02T15:04:05.0000000Z"}

func parseSASTime(s string) (time.Time, bool) {
	if len(s) == len(sasTimes[0]) && s[4] == '-' && s[7] == '-' && s[13] == ':' && s[16] == ':' { // the usual form, fast
		var stamp [len(v4Time)]byte
		copy(stamp[:], s[:4])
		copy(stamp[4:], s[5:7])
		copy(stamp[6:], s[8:13])
		copy(stamp[11:], s[14:16])
		copy(stamp[13:], s[17:])
		return parseStamp(string(stamp[:]))
	}
	for _, layout := range sasTimes {
		if len(s) == len(layout) {
			t, err := time.Parse(layout, s)
			return t, err == nil
		}
	}
	return time.Time{}, false
}

// times is the stages "date and scope" and "expiry".
func (r *azure) times(v *Verdict) bool {
	f, c, now := &r.f, &v.Claim, r.in.Time
	r.permissions = f.sp
	var policy Policy
	if f.si != "" {
		var known bool
		if r.in.Policy != nil {
			policy, known = r.in.Policy(r.container, f.si)
		}
		if !known {
			v.refuse(StageScope, CausePolicy, "si", "the SAS rests on the stored access policy %s, which the container %s does not have: it was removed to revoke what it granted, or never stored", clip(f.si), clip(r.container))
			return false
		}
		if r.permissions == "" {
			r.permissions = policy.Permissions
		}
		c.Permissions = r.permissions
	}
	from, until := policy.Start, policy.Expiry
	ok := true
	read := func(name, text string, otherwise time.Time) time.Time {
		if text == "" || !ok {
			return otherwise
		}
		t, good := parseSASTime(text)
		if ok = good; !ok {
			v.refuse(StageScope, CauseMalformed, name, "%s=%s is not a time in UTC like 2006-01-02T15:04:05Z", name, clip(text))
		}
		return t
	}
	from, until = read("st", f.st, from), read("se", f.se, until)
	r.start, r.expiry = read("skt", f.skt, time.Time{}), read("ske", f.ske, time.Time{})
	if !ok {
		return false
	}
	last := "se"
	if f.kind == AzureDelegation {
		if r.start.After(from) {
			from = r.start
		}
		if r.expiry.Before(until) {
			until, last = r.expiry, "ske"
		}
	}
	c.From, c.Until = from, until
	switch {
	case now.Before(from):
		v.refuse(StageExpiry, CauseFuture, "st", "the SAS begins at %s, %s ahead of this clock (%s): the clock that minted it is fast, or this one is slow; minting it to begin 15 minutes ago, or without st, avoids that",
			stamp(from), span(from.Sub(now)), stamp(now))
	case until.IsZero():
		v.refuse(StageExpiry, CauseMissing, "se", "neither the SAS nor its stored access policy says when it ends")
	case !now.Before(until):
		v.refuse(StageExpiry, CauseExpired, last, "the SAS expired at %s (%s), %s ago; mint a new one, and if it was just minted, compare the clocks", stamp(until), last, span(now.Sub(until)))
	default:
		return true
	}
	return false
}

// covers holds the conditions that are plain in the request.
func (r *azure) covers(v *Verdict) bool {
	f := &r.f
	if f.spr != "" && f.spr != "https" && f.spr != "https,http" {
		v.refuse(StageParameters, CauseMalformed, "spr", "spr=%s is neither https nor https,http", clip(f.spr))
		return false
	}
	if f.kind == AzureAccount && !strings.Contains(f.ss, "b") {
		v.refuse(StagePermission, CauseResource, "ss", "the account SAS covers the services ss=%s, not blobs (b)", clip(f.ss))
		return false
	}
	if _, ok := ipRange(f.sip); !ok {
		v.refuse(StageParameters, CauseMalformed, "sip", "sip=%s is neither an IPv4 address nor two joined by a minus sign", clip(f.sip))
		return false
	}
	return true
}

func ipRange(s string) (r [2]netip.Addr, ok bool) {
	if s == "" {
		return r, true
	}
	first, last, two := strings.Cut(s, "-")
	if !two {
		last = first
	}
	a, err1 := netip.ParseAddr(first)
	b, err2 := netip.ParseAddr(last)
	return [2]netip.Addr{a, b}, err1 == nil && err2 == nil
}
