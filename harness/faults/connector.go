package faults

import (
	"net/http"
	"slices"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/connector"
)

// ConnectorFault is one breach of the reference connector's rules.
type ConnectorFault struct {
	Name    string
	Does    string // one sentence
	Breaks  []string
	Blocks  []string
	Edition string // in which it is tried; "" is the default one
	// Providers are whose buckets it is tried on, where it means nothing elsewhere; none is connectorProviders.
	Providers []string
	Build     connector.Faults
	// Front stands before the connector, Store is built into the stores that its URLs lead to; nil where it is the rules
	// that are broken.
	Front func(http.Handler) http.Handler
	Store func(profile string) stores.Setup
}

// ConnectorFaults are the faults of connectors; the first harms nothing.
func ConnectorFaults() []ConnectorFault {
	return slices.Concat(connectorHarmless(), connectorPlacement(), connectorOffers(), connectorAccess(), connectorURLs(), connectorSetUp(), connectorPolicies(), connectorMaking())
}
