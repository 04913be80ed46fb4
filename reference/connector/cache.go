package connector

import "sync"

// cacheLimit is how many entries a cache holds before it starts anew.
const cacheLimit = 10_000

// cache remembers what was read of rows that seldom change: instances, users, and runs with the caller's membership. The database
// belongs to this process alone, so that whoever changes such a row can clear the cache, after the commit and before the
// change is acknowledged.
type cache[V any] struct {
	mu         sync.RWMutex
	generation uint64
	entries    map[string]V
}

// get returns an entry, and the generation that put wants to hear.
func (c *cache[V]) get(key string) (v V, ok bool, generation uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok = c.entries[key]
	return v, ok, c.generation
}

// put keeps an entry, unless the cache was cleared since the generation: what was read then may be what was changed.
func (c *cache[V]) put(key string, v V, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if c.entries == nil || len(c.entries) >= cacheLimit {
		c.entries = make(map[string]V)
	}
	c.entries[key] = v
}

func (c *cache[V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.entries = nil
}

// forget clears what is remembered of users and runs.
func (c *Connector) forget() {
	c.people.clear()
	c.runs.clear()
}
