package wire

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// ProxyError says that the proxy, and not the store, stood in the way: its setting can't be used, it doesn't answer, or it
// makes no tunnel. About the store nothing is known then. It names the setting, and of the proxy no more than its host.
type ProxyError struct {
	Setting string // "HTTPS_PROXY", or "this run's own setting"
	Host    string // host[:port] of the proxy, "" where the setting could not be read
	Err     error
}

func (e *ProxyError) Error() string {
	if e.Host == "" {
		return fmt.Sprintf("the proxy setting in %s can't be used: %s", e.Setting, e.Err)
	}
	return fmt.Sprintf("proxy %s (set by %s): %s", e.Host, e.Setting, e.Err)
}

func (e *ProxyError) Unwrap() error { return e.Err }

// errProxySetting stands for net/http's own words, which repeat the setting, and with it perhaps a password.
var errProxySetting = errors.New("it is no URL of a proxy")

// proxySetting names where the proxy for a URL comes from.
func (n *Network) proxySetting(u *url.URL) string {
	if n.ProxyFunc != nil {
		return "this run's own setting"
	}
	name := "HTTPS_PROXY"
	if u.Scheme == "http" {
		name = "HTTP_PROXY"
	}
	if os.Getenv(name) == "" && os.Getenv(strings.ToLower(name)) != "" {
		return strings.ToLower(name)
	}
	return name
}

// proxyOfEnvironment is http.ProxyFromEnvironment, but for a setting that can't be read: that one takes it for no setting,
// and would leave by a way that nobody meant.
func proxyOfEnvironment(req *http.Request) (*url.URL, error) {
	c := httpproxy.FromEnvironment()
	u, err := c.ProxyFunc()(req.URL)
	if err != nil || u != nil {
		return u, err
	}
	for _, setting := range []*string{&c.HTTPSProxy, &c.HTTPProxy} {
		if *setting != "" {
			*setting = "http://proxy.invalid" // what can be read in its place
		}
	}
	if would, err := c.ProxyFunc()(req.URL); err != nil || would != nil {
		return nil, errProxySetting
	}
	return nil, nil
}

// Proxy is the proxy that a request goes through, nil for none: a mapped name, this machine and the link-local addresses of
// the metadata services are reached without one. Every error is a *ProxyError, and shows nothing of the setting.
func (n *Network) Proxy(req *http.Request) (*url.URL, error) {
	if n.Closed {
		return nil, nil
	}
	host := plainHost(req.URL.Hostname())
	ip := net.ParseIP(host)
	near := host == "localhost" || strings.HasSuffix(host, ".localhost") || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	if _, mapped := n.Lookup(host); mapped || near {
		return nil, nil
	}
	ask := n.ProxyFunc
	if ask == nil {
		ask = proxyOfEnvironment
	}
	u, err := ask(req)
	unusable := func(why error) error { return &ProxyError{Setting: n.proxySetting(req.URL), Err: why} }
	switch {
	case err != nil:
		return nil, unusable(errProxySetting)
	case u == nil:
		return nil, nil
	case u.Hostname() == "":
		return nil, unusable(errProxySetting)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, unusable(errors.New("only http and https proxies are used"))
	}
	return u, nil
}

// throughProxy marks an error as one of the proxy's, which is asked for a way to u.
func (n *Network) throughProxy(proxy, u *url.URL, err error) error {
	var already *ProxyError
	if err == nil || errors.As(err, &already) {
		return err
	}
	return &ProxyError{Setting: n.proxySetting(u), Host: proxy.Host, Err: err}
}

// refusedTunnel says by its number what a proxy answered to CONNECT; the rest is the proxy's to choose, and might repeat the
// password.
func refusedTunnel(resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("it answers %d %s to CONNECT", resp.StatusCode, http.StatusText(resp.StatusCode))
}
