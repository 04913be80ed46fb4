package reports

// Exposing reports whether a requirement keeps somebody out who must stay out.
func Exposing(id string) bool { return exposing[id] }

// CausesNamed are all requirements that the tables of causes name.
func CausesNamed() (ids []string) {
	for id, by := range follows {
		ids = append(ids, id)
		for _, c := range by {
			ids = append(ids, c.id)
		}
	}
	for id := range exposing {
		ids = append(ids, id)
	}
	return ids
}

// FirstThings are what every format says to do first.
func FirstThings(r *Result) []string { return firstThings(r) }
