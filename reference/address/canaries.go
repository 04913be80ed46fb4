package address

import (
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// pieceLength is how many characters of a secret in a row are a piece of it. Shorter ones occur by chance.
const pieceLength = 6

// canaries finds pieces of planted secrets in texts: as they are, percent-encoded, quoted, and in hexadecimal. The
// pieces are cut at the first question, for most judgements ask none.
type canaries struct {
	secrets []string
	pieces  map[string]bool
}

func (c *canaries) cut() {
	c.pieces = map[string]bool{}
	for _, s := range c.secrets {
		var escaped strings.Builder
		escape(&escaped, s)
		forms := []string{s, escaped.String(), url.QueryEscape(s), url.PathEscape(s), quoted(s)}
		slices.Sort(forms)
		for _, form := range slices.Compact(forms) {
			for i := 0; i+pieceLength <= len(form); i++ {
				c.pieces[form[i:i+pieceLength]] = true
			}
		}
		// In hexadecimal a character takes two digits.
		form := hex.EncodeToString([]byte(s))
		for i := 0; i+2*pieceLength <= len(form); i += 2 {
			c.pieces[form[i:i+2*pieceLength]] = true
		}
	}
}

// quoted is the secret as a JSON or Go string shows its line breaks.
func quoted(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }

// in says whether the text holds a piece of a secret.
func (c *canaries) in(text string) bool {
	if c.pieces == nil {
		c.cut()
	}
	for i := range len(text) {
		if i+pieceLength <= len(text) && c.pieces[text[i:i+pieceLength]] {
			return true
		}
		if i+2*pieceLength <= len(text) && c.pieces[text[i:i+2*pieceLength]] {
			return true
		}
	}
	return false
}

// scrub returns the text if it may be shown.
func (c *canaries) scrub(text string) string {
	if c.in(text) {
		return "[a text that holds a piece of the secret]"
	}
	return text
}
