package wire

import "testing"

// The words that are looked for first must not hide what the whole rule finds.
func TestTheShortcutMissesNoTunnel(t *testing.T) {
	found := 0
	for _, query := range []string{
		"", "x-id=PutObject", "X-Amz-Credential=AKIA%2F20260101%2Fus-east-1", "$httpMethod=DELETE", "%24httpMethod=DELETE", "%24http%4dethod=DELETE", "a=b&$HTTPHEADERS=x",
		"_method=DELETE", "%5fmethod=DELETE", "%5Fmethod", "_%6dethod=DELETE", "%5", "%", "a=%zz&_method", "a=%2f;_METHOD=PUT", "x-http-method-override=PUT", "X-%48ttp-Method=PUT",
		"the_methods=1", "http=1", "_metho", "x-h%74%74p-method", "%255fmethod=DELETE",
	} {
		want := tunnel.MatchString(percentDecoded(query))
		if got := tunnels(query); got != want {
			t.Errorf("%q: got %t, want %t", query, got, want)
		}
		if want {
			found++
		}
	}
	if found < 10 {
		t.Errorf("got %d queries that tunnel, want most of the list", found)
	}
}
