package wire

// Lane is a way beside t for a load of many requests at once: it keeps that many connections open between them. Guard,
// limits, evidence and the count of requests are those of t. What has no body, and needs no proxy, is sent without net/http's own
// goroutines, where the system can tell whether a connection is still open.
func (t *Transport) Lane(connections int) *Transport {
	lane := &Transport{o: t.o, secrets: t.secrets, requests: t.requests}
	lane.base = lane.connections(max(connections, connectionsKept))
	if seesClosed {
		lane.direct = newDirect(lane, max(connections, connectionsKept), lane.trust())
	}
	return lane
}

// Gone tells the guard that a key's object was removed, and that the store said so.
func (t *Transport) Gone(key string) {
	if t.o.Guard != nil {
		t.o.Guard.Gone(key)
	}
}
