package wire

import (
	"crypto/tls"
	"net/http/httptrace"
	"net/url"
)

// passage is all that one request has on its way, in one piece: a load makes many.
type passage struct {
	dog   dog
	entry *entry
	left  entry // what entry is where it is left out at first: one that is kept from the start would keep the whole passage
	tries tries
	hooks httptrace.ClientTrace
	body  countedBody

	answer lineBody // of a direct request
}

// trace enters what happens to it.
func (p *passage) trace(to *url.URL) *httptrace.ClientTrace {
	p.hooks = httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			p.tries.got(info)
			p.entry.got(info.Reused)
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			p.entry.mark(sent)
			if info.Err == nil {
				p.dog.waiting()
			}
		},
		GotFirstResponseByte: func() { p.entry.mark(answered) },
	}
	if to != nil && to.Scheme == "https" {
		p.hooks.TLSHandshakeStart = func() { p.entry.mark(securing) }
		p.hooks.TLSHandshakeDone = func(tls.ConnectionState, error) { p.entry.mark(secured) }
	}
	return &p.hooks
}
