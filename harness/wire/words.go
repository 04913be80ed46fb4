package wire

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// maxWords is how many bytes of a message are shown.
const maxWords = 300

// errorWords takes code and message out of a store's error body: the rest (string to sign, canonical request, keys that
// were presented) is never shown.
func errorWords(contentType string, body []byte) string {
	var code, message string
	switch {
	case strings.Contains(contentType, "problem+json"):
		var p struct{ Type, Title, Detail, Requirement string }
		if json.Unmarshal(body, &p) == nil {
			code = strings.TrimSpace(p.Type[strings.LastIndexByte(p.Type, ':')+1:] + " " + p.Requirement)
			message = p.Title
			if p.Detail != "" {
				message = p.Detail
			}
		}
	case strings.Contains(contentType, "json"):
		var j struct {
			Error struct {
				Message string `json:"message"`
				Errors  []struct {
					Reason string `json:"reason"`
				} `json:"errors"`
			} `json:"error"`
		}
		if json.Unmarshal(body, &j) == nil {
			message = j.Error.Message
			if len(j.Error.Errors) > 0 {
				code = j.Error.Errors[0].Reason
			}
		}
	default:
		var x struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		}
		if xml.Unmarshal(body, &x) == nil {
			code, message = x.Code, x.Message
		}
	}
	// Azure puts request ID and string to sign on further lines
	message, _, _ = strings.Cut(strings.TrimSpace(message), "\n")
	message, _, _ = strings.Cut(message, "?")
	return strings.Trim(plainWords(code)+": "+plainWords(message), ": ")
}

var (
	// a URL shows no more than its host
	urlForm = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*://)(?:[^\s"'<>/]*@)?([^\s"'<>/?#@]*)[^\s"'<>]*`)
	// a value after a name that speaks of credentials, or after an authorization scheme
	pairForm   = regexp.MustCompile(`(?i)((?:signature|credential|token|secret|password|key(?:[ -]?id)?|sig|authorization)["']?\s*[=:]\s*["']?)[^\s"'<>,;]+`)
	schemeForm = regexp.MustCompile(`(?i)\b(bearer|basic|sharedkey|sharedkeylite|aws4-hmac-sha256|goog4-rsa-sha256|aws)\s+\S{6,}`)
	// anything that is long and no word: words have no digits and none of these signs
	runForm = regexp.MustCompile(`[A-Za-z0-9+/=_%-]{16,}`)
)

// plainWords makes a message of a store, a proxy or net/http fit to be shown: one line, with no URL beyond its host, no value
// that follows a word for a credential, and nothing long that is no word.
func plainWords(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = urlForm.ReplaceAllString(s, "$1$2")
	s = schemeForm.ReplaceAllString(s, "$1 "+Redacted)
	s = pairForm.ReplaceAllString(s, "${1}"+Redacted)
	s = runForm.ReplaceAllStringFunc(s, func(run string) string {
		if strings.ContainsAny(run, "0123456789+=%") {
			return Redacted
		}
		return run
	})
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "") + "…"
	}
	return strings.TrimSpace(s)
}

// failureWords says why no answer came, without the URL and without what the other side sent.
func failureWords(err error) string {
	var asURL *url.Error
	if errors.As(err, &asURL) {
		err = asURL.Err
	}
	var host *HostError
	if errors.As(err, &host) { // the request's own URL names it
		err = host.Err
	}
	var dns *net.DNSError
	var guard *GuardError
	var repeated *RepeatedError
	var proxy *ProxyError
	switch {
	case errors.As(err, &proxy) && proxy.Host != "":
		return (&ProxyError{Setting: proxy.Setting, Host: proxy.Host, Err: errors.New(failureWords(proxy.Err))}).Error()
	case errors.As(err, &dns):
		return "lookup: " + plainWords(dns.Err)
	case errors.As(err, &guard):
		return guard.Error()
	case errors.As(err, &repeated):
		return repeated.Error()
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed before the answer ended"
	}
	return plainWords(quoted.ReplaceAllString(err.Error(), Redacted))
}

// quoted is how net/http repeats what it could not read.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
