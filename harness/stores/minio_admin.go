package stores

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// MinIO's administration, as far as users and their policies go. Its own library is AGPL, so what it sends is written anew
// here: plain signed requests, and one form of encryption for what holds a secret.
const minioAdmin = "minio/admin/v3/"

// admin sends a request to MinIO's administration as its root.
func (m *minioServer) admin(ctx context.Context, what, method, call string, q url.Values, body []byte) (s3Answer, error) {
	w := m.wire("")
	w.bucket = minioAdmin + call
	return w.must(ctx, what, s3Request{method: method, query: q.Encode(), body: body, as: m.root})
}

// minioSettles is how long MinIO may go on forgetting a policy that it was just given: reading its users anew, it does.
const minioSettles = 5 * time.Second

// addUser makes a user with a policy of his own, both by the name that is his access key.
func (m *minioServer) addUser(ctx context.Context, user credentials, policy []byte) error {
	text, err := json.Marshal(map[string]string{"secretKey": user.secret, "status": "enabled"})
	if err != nil {
		return fmt.Errorf("make a user: %w", err)
	}
	sealed, err := sealForMinIO(m.root.secret, text)
	if err != nil {
		return fmt.Errorf("make a user: %w", err)
	}
	for deadline := time.Now().Add(minioSettles); ; {
		if err := m.setPolicy(ctx, user, policy); err != nil {
			return err
		}
		if _, err := m.admin(ctx, "make a user", http.MethodPut, "add-user", url.Values{"accessKey": {user.id}}, sealed); err != nil {
			return err
		}
		a, err := m.admin(ctx, "give a user his policy", http.MethodPut, "set-user-or-group-policy",
			url.Values{"policyName": {user.id}, "userOrGroup": {user.id}, "isGroup": {"false"}}, nil)
		if err == nil || a.code != "XMinioAdminNoSuchPolicy" || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// setPolicy puts a user's policy in place.
func (m *minioServer) setPolicy(ctx context.Context, user credentials, policy []byte) error {
	_, err := m.admin(ctx, "set a policy", http.MethodPut, "add-canned-policy", url.Values{"name": {user.id}}, policy)
	return err
}

// removeUser removes a user and his policy.
func (m *minioServer) removeUser(ctx context.Context, user credentials) error {
	if _, err := m.admin(ctx, "remove a user", http.MethodDelete, "remove-user", url.Values{"accessKey": {user.id}}, nil); err != nil {
		return err
	}
	_, err := m.admin(ctx, "remove a policy", http.MethodDelete, "remove-canned-policy", url.Values{"name": {user.id}}, nil)
	return err
}

// sealForMinIO encrypts a short text as MinIO's administration takes it: salt (32 bytes), the number of the scheme, nonce (8),
// and one AES-256-GCM fragment, whose additional data is the mark of the last fragment and the tag of nothing. The key is
// PBKDF2's with SHA-256 and 8192 rounds, MinIO's scheme for machines that may use no other.
func sealForMinIO(password string, text []byte) ([]byte, error) {
	const scheme, rounds, saltSize, nonceSize, last = 2, 8192, 32, 8, 0x80
	head := make([]byte, saltSize+1+nonceSize)
	rand.Read(head) // never fails, by its own documentation
	head[saltSize] = scheme
	key, err := pbkdf2.Key(sha256.New, password, head[:saltSize], rounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	nonce := func(fragment uint32) []byte {
		return binary.LittleEndian.AppendUint32(append([]byte(nil), head[saltSize+1:]...), fragment)
	}
	mark := gcm.Seal([]byte{last}, nonce(0), nil, nil)
	return gcm.Seal(head, nonce(1), text, mark), nil
}
