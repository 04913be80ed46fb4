package connector

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// keyVariable may hold the key that seals secrets, 32 bytes in base64.
const keyVariable = "BUCKETPROOF_CONNECTOR_KEY"

const keySize = 32

// sealer keeps what the database must not show: addresses with their credentials. AES-256-GCM, bound to the row's ID.
type sealer struct {
	aead cipher.AEAD
	mac  []byte
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key that seals secrets has %d bytes, want %d", len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	mac := sha256.Sum256(append([]byte("fingerprints of storages\x00"), key...))
	return &sealer{aead: aead, mac: mac[:]}, nil
}

// sealingKey is the options' key, the environment's, or for SQLite that of the file beside the database, which is made
// on first use.
func sealingKey(given []byte, d *database) ([]byte, error) {
	if len(given) > 0 {
		return given, nil
	}
	if text := os.Getenv(keyVariable); text != "" {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%s is not base64", keyVariable)
		}
		return key, nil
	}
	if d.dialect != dialectSQLite {
		return nil, fmt.Errorf("no key to seal secrets with: set %s to 32 random bytes in base64", keyVariable)
	}
	file := d.file + ".key"
	key, err := os.ReadFile(file)
	if err == nil {
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key that seals secrets: %w", err)
	}
	key = make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	// Written whole before it gets its name: half a key would lock everything sealed with it away.
	temporary, err := os.CreateTemp(d.folder(), ".key-*")
	if err != nil {
		return nil, fmt.Errorf("write the key that seals secrets: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(key)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return nil, fmt.Errorf("write the key that seals secrets: %w", err)
	}
	return key, nil
}

// seal hides v, as JSON; only the row with this ID can open it again.
func (s *sealer) seal(id string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", errors.New("seal: can't be written as JSON")
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(text)+s.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, text, []byte(id))), nil
}

func (s *sealer) open(id, sealed string, into any) error {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return errors.New("open what is sealed: damaged")
	}
	text, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], []byte(id))
	if err != nil {
		return errors.New("open what is sealed: damaged, or sealed with another key")
	}
	if json.Unmarshal(text, into) != nil {
		return errors.New("open what is sealed: not what was expected")
	}
	return nil
}

// fingerprint is equal for equal values and tells nothing else about them.
func (s *sealer) fingerprint(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", errors.New("fingerprint: can't be written as JSON")
	}
	h := hmac.New(sha256.New, s.mac)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)), nil
}
