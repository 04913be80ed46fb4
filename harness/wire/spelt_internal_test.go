package wire

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is looked up by its first bytes must be found wherever a search one by one finds it.
func TestSecretsAreFoundWhereverTheyStand(t *testing.T) {
	const seed = 20251122
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	word := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("aab%2"[random.IntN(5)])
		}
		return b.String()
	}
	found := 0
	for range 20000 {
		forms := []string{word(3 + random.IntN(9)), word(minSecret), word(minSecret + random.IntN(4))}
		text := word(random.IntN(14))
		if random.IntN(3) == 0 {
			text = text[:len(text)/2] + forms[random.IntN(3)] + text[len(text)/2:]
		}
		want := false
		for _, form := range forms {
			want = want || strings.Contains(text, form) || strings.Contains(percentDecoded(text), form)
		}
		if want {
			found++
		}
		if got := hide(text, newSpelt(forms)) == Redacted; got != want {
			t.Fatalf("%q with the secrets %q: got hidden %t, want %t", text, forms, got, want)
		}
	}
	if found < 1000 || found > 19000 {
		t.Errorf("%d of 20000 texts hold a secret: the sample shows nothing", found)
	}
}
