package address

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Stores is the list of supported file stores, GORILLA_SUPPORTED_FILE_STORES (SUPPORTED_FILE_STORES in the edition
// 2024-byob): the storage that teams may bring.
type Stores struct {
	// CoreWeave is set by the exact item cw://, which enables CoreWeave as a whole.
	CoreWeave bool
	// Addresses are the other items, in their order.
	Addresses []*Address

	beforeCoreWeave bool // read by the edition 2024-byob, which knows no cw://
}

// ParseStores reads the list: addresses separated by commas, with white space around them dropped. That commas
// separate them is our reading, no source says it; a comma inside an item is written %2C. An empty list is allowed, an
// empty item is not. The first bad item makes an *Error under BYOB-ADDR-019 that names the item by its number and wraps
// what is wrong with it: W&B itself takes a bad item silently, and fails much later.
func ParseStores(list string, o Options) (*Stores, error) {
	return parseStores(list, o, Parse)
}

func parseStores(list string, o Options, parse Parser) (*Stores, error) {
	stores := &Stores{beforeCoreWeave: o.Edition == "2024-byob"}
	if strings.TrimSpace(list) == "" {
		return stores, nil
	}
	number := 0
	for rest, more := list, true; more; {
		var item string
		item, rest, more = strings.Cut(rest, ",")
		number++
		switch item = strings.TrimSpace(item); item {
		case "":
			return nil, refuse("", "BYOB-ADDR-019", itemName(number), "it is empty", "leave out the comma that is too many")
		case "cw://":
			stores.CoreWeave = true
			continue
		}
		if strings.EqualFold(item, "cw://") {
			return nil, refuse(CoreWeave, "BYOB-ADDR-019", itemName(number), "only the exact item cw:// enables CoreWeave", "write it in lower case")
		}
		a, err := parse(item, o)
		if err != nil {
			return nil, itemError(number, err)
		}
		stores.Addresses = append(stores.Addresses, a)
	}
	return stores, nil
}

// itemError wraps the error of an item. An error that is none of ours is dropped: it may repeat the item.
func itemError(number int, err error) *Error {
	var cause *Error
	if !errors.As(err, &cause) {
		return refuse("", "BYOB-ADDR-019", itemName(number), "it is no storage address", "check it by itself")
	}
	e := refuse(cause.Provider, "BYOB-ADDR-019", itemName(number), cause.Part+": "+cause.Rule+" ("+cause.Requirement+")", cause.Fix)
	switch cause.Part {
	case "address", "scheme", "credentials", "host": // what the halves of an item with a raw comma stumble over
		e.Fix += "; a comma inside an item is written %2C"
	}
	e.Cause = cause
	return e
}

func itemName(number int) string { return "item " + strconv.Itoa(number) }

// Holds says whether a team may bring this bucket: CoreWeave by the item cw:// alone, everything else by an item for the
// same bucket and sub-path. This is contradiction 7 of the sources, settled here and nowhere else: W&B's page has cw:// as
// the one value that enables CoreWeave ("Team level BYOB", edition 2025-09; BYOB-ADDR-019), and CoreWeave's form takes a
// bucket's name and no address (BYOB-TEAM-002), so that nothing says an address listed would enable its bucket. Taking it
// for enough would let a team in that W&B may refuse; refusing it costs the customer one item. A CoreWeave address may
// stand in the list all the same: it brings credentials, as every item does. The edition 2024-byob has neither CoreWeave
// nor cw://, so that there an item counts for it as for any other.
func (s *Stores) Holds(a *Address) bool {
	if a.Provider == CoreWeave && (s.CoreWeave || !s.beforeCoreWeave) {
		return s.CoreWeave
	}
	canonical := a.Canonical()
	for _, item := range s.Addresses {
		if item.Canonical() == canonical {
			return true
		}
	}
	return false
}

// String prints the list with its items redacted.
func (s Stores) String() string {
	var items []string
	if s.CoreWeave {
		items = append(items, "cw://")
	}
	for _, a := range s.Addresses {
		items = append(items, a.String())
	}
	return strings.Join(items, ",")
}

// Format redacts, whatever the verb.
func (s Stores) Format(f fmt.State, _ rune) { write(f, s.String()) }

// MarshalText redacts; JSON, YAML and logs use it.
func (s Stores) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
