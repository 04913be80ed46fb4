//go:build !unix

package wire

// seesClosed says that nobody can tell whether a connection was closed by the other side: net/http sends everything then.
const seesClosed = false

func (c *line) open() bool { return false }
