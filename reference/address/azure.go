package address

import (
	"encoding/base64"
	"strings"
)

// parseAzure reads az://:<urlEncodedAccessKey>@<account>/<container> (BYOB-ADDR-008) and az://<account>/<container>
// (BYOB-ADDR-020).
func parseAzure(a *Address, s *parts) *Error {
	requirement, write := "BYOB-ADDR-020", "write az://<storageAccountName>/<containerName>"
	if s.hasUserinfo {
		requirement, write = "BYOB-ADDR-008", "write "+form(Azure)
		id, key, err := s.pair(Azure)
		if err != nil {
			return err
		}
		if id != "" {
			return refuse(Azure, "BYOB-ADDR-008", "credentials", "something stands before the colon", "the account follows the @: "+form(Azure))
		}
		if err := checkAccountKey(key); err != nil {
			return err
		}
		a.Credentials = Credentials{Secret: NewSecret(key)}
	}
	switch {
	case s.host == "":
		return refuse(Azure, requirement, "account", "there is no storage account", write)
	case strings.IndexByte(s.host, ':') >= 0 || isBelow(strings.ToLower(s.host), "core.windows.net"):
		return refuse(Azure, requirement, "account", "the storage account's name stands here, not a host", write)
	}
	if err := checkAccount(s.host); err != nil {
		return err
	}
	a.Account = s.host
	var err *Error
	if a.Bucket, a.Path, err = cutBucket(Azure, s.path); err != nil {
		return err
	}
	if a.Bucket == "" {
		return refuse(Azure, requirement, "bucket", "there is no container after the storage account", write)
	}
	if err := checkName(Azure, a.Bucket); err != nil {
		return err
	}
	return a.finishWithoutStyle(s, "Azure")
}

// checkAccountKey asks for base64: an account key is 64 bytes, and Azure shows it with its padding.
func checkAccountKey(key string) *Error {
	var room [96]byte
	buf := room[:]
	if n := base64.StdEncoding.DecodedLen(len(key)); n > len(buf) {
		buf = make([]byte, n)
	}
	// The decoder skips line breaks, and a key has none.
	_, err := base64.StdEncoding.Decode(buf, []byte(key))
	if err == nil && strings.IndexByte(key, '\n') < 0 && strings.IndexByte(key, '\r') < 0 {
		return nil
	}
	fix := "copy the account key again: " + form(Azure)
	switch {
	case strings.IndexByte(key, '%') >= 0:
		fix = "it seems to be percent-encoded twice: encode it once"
	case strings.IndexByte(key, ' ') >= 0:
		fix = "it holds a space, which was a + once: write + as %2B"
	case strings.ContainsAny(key, "\r\n"):
		fix = "leave out the %0A that the end of a file or an echo has left"
	case strings.HasPrefix(key, "sv=") || strings.Contains(key, "sig="):
		fix = "this is a SAS token, where the account key is needed"
	case strings.Contains(key, "AccountKey="):
		fix = "this is a connection string: write only what follows AccountKey="
	}
	return refuse(Azure, "BYOB-ADDR-008", "credentials", "the account key is not base64", fix)
}
