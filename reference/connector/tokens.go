package connector

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// Lifetimes of users' tokens, in seconds.
const (
	defaultTokenLifetime = 30 * 24 * 60 * 60
	longestTokenLifetime = 366 * 24 * 60 * 60
)

// person is a user as a request's token names them. It doesn't change.
type person struct {
	id, name, instance, organization string
	role                             placement.Role
	token                            string // its hash
	expires                          time.Time
}

var idAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newID makes an opaque ID of 26 characters: 6 bytes of time, which keep the tables' trees in the order of writing, and 10
// random ones.
func (c *Connector) newID() string {
	var raw [16]byte
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(c.now().UnixMilli()))
	copy(raw[:6], stamp[2:])
	_, _ = rand.Read(raw[6:]) // never fails
	return idAlphabet.EncodeToString(raw[:])
}

// newToken makes a token of 256 random bits.
func newToken() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	return "bpc_" + base64.RawURLEncoding.EncodeToString(raw[:])
}

// hashOf is how a token is kept. It has 256 random bits, so that a plain hash is as good as a slow one.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func unauthenticated(format string) *problem {
	return newProblem(http.StatusUnauthorized, kindUnauthenticated, "%s", format)
}

func bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", unauthenticated("no token: send Authorization: Bearer TOKEN")
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 512 {
		return "", unauthenticated("the Authorization header is not Bearer TOKEN")
	}
	return token, nil
}

// isOperator compares hashes, in constant time.
func (c *Connector) isOperator(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], c.operator[:]) == 1
}

// identify says whose token it is.
func (cl *call) identify(token string) (*person, error) {
	c, hash := cl.c, hashOf(token)
	p, known, generation := c.people.get(hash)
	if !known {
		p = &person{}
		var role string
		var expires int64
		err := c.db.one(cl.ctx, `SELECT id, name, instance, organization, role, token, expires FROM users WHERE token = ?`, []any{hash},
			&p.id, &p.name, &p.instance, &p.organization, &role, &p.token, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, unauthenticated("the token is not known")
		}
		if err != nil {
			return nil, err
		}
		p.role, p.expires = placement.Role(role), time.Unix(expires, 0)
		c.people.put(hash, p, generation)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(hash), []byte(p.token)) != 1:
		return nil, unauthenticated("the token is not known")
	case !c.rules.TokenHolds(p.expires, c.now()):
		return nil, unauthenticated("the token has expired")
	}
	return p, nil
}
