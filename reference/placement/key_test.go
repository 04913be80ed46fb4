package placement_test

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
)

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name, path, team, kind, parent, file, want string
	}{
		{"without a sub-path", "", "T1", "run-file", "R1", "model.bin", "teams.byob/T1/run-file/R1/model.bin"},
		{"below the sub-path", "a/b", "T1", "artifact-file", "A1", "model.bin", "a/b/teams.byob/T1/artifact-file/A1/model.bin"},
		{"a name with folders", "a", "T1", "media-file", "R1", "media/images/x.png", "a/teams.byob/T1/media-file/R1/media/images/x.png"},
		{"a name stays as it is spelt", "a", "T1", "run-file", "R1", "É e\u0301 %+#== ~.txt", "a/teams.byob/T1/run-file/R1/É e\u0301 %+#== ~.txt"},
		{"an encoded slash stays encoded", "a", "T1", "run-file", "R1", "x%2Fy", "a/teams.byob/T1/run-file/R1/x%2Fy"},
		{"a sub-path with a percent sign that encodes nothing", "100%", "T1", "run-file", "R1", "x", "100%/teams.byob/T1/run-file/R1/x"},
		{"dots that are no segments", "a", "T1", "run-file", "R1", "..x/.../x../.hidden", "a/teams.byob/T1/run-file/R1/..x/.../x../.hidden"},
		{"an exported history", "a", "T1", "history-export", "R1", "0.parquet", "a/teams.byob/T1/history-export/R1/0.parquet"},
	} {
		got, err := placement.Key(at("b", c.path), c.team, placement.Kind(c.kind), c.parent, c.file)
		if err != nil || got != c.want {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", c.name, got, err, c.want)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	const iso = "BYOB-ISO-004"
	long := strings.Repeat("x", placement.MaxID)
	for _, c := range []struct {
		name, path, team, kind, parent, file, want string
	}{
		{"no name", "", "T1", "run-file", "R1", "", iso},
		{"a leading slash", "", "T1", "run-file", "R1", "/etc/passwd", iso},
		{"a slash at the end", "", "T1", "run-file", "R1", "x/", iso},
		{"an empty segment", "", "T1", "run-file", "R1", "x//y", iso},
		{"a name that is ..", "", "T1", "run-file", "R1", "..", iso},
		{"a name that climbs", "", "T1", "run-file", "R1", "x/../../../T2/run-file/R1/y", iso},
		{"a segment .", "", "T1", "run-file", "R1", "x/./y", iso},
		{"dots encoded", "", "T1", "run-file", "R1", "%2e%2E/x", iso},
		{"slashes encoded between dots", "", "T1", "run-file", "R1", "x%2f..%2F..%2fy", iso},
		{"dots encoded twice", "", "T1", "run-file", "R1", "%252e%252e%252fx", iso},
		{"dots encoded five times", "", "T1", "run-file", "R1", "%252525252e./x", iso},
		{"dots behind backslashes", "", "T1", "run-file", "R1", `x\..\..\y`, iso},
		{"dots behind encoded backslashes", "", "T1", "run-file", "R1", "x%5c..%5Cy", iso},
		{"a line break", "", "T1", "run-file", "R1", "x\ny", iso},
		{"an encoded line break", "", "T1", "run-file", "R1", "x%0d%0ay", iso},
		{"a NUL", "", "T1", "run-file", "R1", "x\x00", iso},
		{"a control character of Latin-1", "", "T1", "run-file", "R1", "x\u0085y", iso},
		{"no UTF-8", "", "T1", "run-file", "R1", "x\xff", iso},
		{"a character that lists in XML can't hold", "", "T1", "run-file", "R1", "x\uffff", iso},
		{"the reserved segment", "", "T1", "run-file", "R1", "x/teams.byob/T2/run-file/R2/y", iso},
		{"the reserved segment in upper case", "", "T1", "run-file", "R1", "TEAMS.byob/y", iso},
		{"the reserved segment encoded", "", "T1", "run-file", "R1", "%74eams%2ebyob%2fy", iso},
		{"a name of 1,025 bytes", "", "T1", "run-file", "R1", strings.Repeat("x", 1025), iso},
		{"a key of 1,025 bytes", "", "T1", "run-file", "R1", strings.Repeat("x", 1025-len("teams.byob/T1/run-file/R1/")), "BYOB-XFER-004"},
		{"a key of 1,025 bytes in fewer characters", "", "T1", "run-file", "R1", strings.Repeat("é", 500), "BYOB-XFER-004"},
		{"no team", "", "", "run-file", "R1", "x", iso},
		{"a team with a slash", "", "team/a", "run-file", "R1", "x", iso},
		{"a team that climbs", "", "..", "run-file", "R1", "x", iso},
		{"a team with an encoded slash", "", "team%2fa", "run-file", "R1", "x", iso},
		{"a team's name instead of its ID", "", "Équipe Ω", "run-file", "R1", "x", iso},
		{"a team that is the reserved segment", "", "teams.byob", "run-file", "R1", "x", iso},
		{"a team of 129 characters", "", long + "x", "run-file", "R1", "x", iso},
		{"no run", "", "T1", "run-file", "", "x", iso},
		{"a run with a slash", "", "T1", "run-file", "R1/x", "x", iso},
		{"a sub-path that climbs", "a/../b", "T1", "run-file", "R1", "x", iso},
		{"a sub-path with an encoded slash", "a%2fb", "T1", "run-file", "R1", "x", iso},
		{"a sub-path with another character encoded", "a%41", "T1", "run-file", "R1", "x", iso},
		{"a sub-path with a backslash", `a\b`, "T1", "run-file", "R1", "x", iso},
		{"a sub-path with an empty segment", "a//b", "T1", "run-file", "R1", "x", iso},
		{"a sub-path with a slash at its end", "a/", "T1", "run-file", "R1", "x", iso},
		{"a sub-path within another team's keys", "teams.byob/T2", "T1", "run-file", "R1", "x", iso},
	} {
		got, err := placement.Key(at("b", c.path), c.team, placement.Kind(c.kind), c.parent, c.file)
		if got != "" || refusedBy(err) != c.want {
			t.Errorf("%s: got %q, %v; want a refusal by %s", c.name, got, err, c.want)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 200 {
			t.Errorf("%s: the refusal repeats what was given: %q", c.name, err)
		}
	}
	for _, k := range placement.DatabaseKinds {
		if got, err := placement.Key(at("b", ""), "T1", k, "R1", "x"); got != "" || refusedBy(err) != "BYOB-PLACE-002" {
			t.Errorf("%s: got the key %q, %v; want none, by PLACE-002", k, got, err)
		}
	}
	for name, s := range map[string]*placement.Storage{"no storage": nil, "no address": {}, "no bucket": at("", "x")} {
		if got, err := placement.Key(s, "T1", placement.RunFile, "R1", "x"); got != "" || refusedBy(err) != "BYOB-PLACE-009" {
			t.Errorf("%s: got the key %q, %v; want none, by PLACE-009", name, got, err)
		}
		if got, err := placement.Prefix(s, "T1"); got != "" || refusedBy(err) != "BYOB-PLACE-009" {
			t.Errorf("%s: got the prefix %q, %v; want none, by PLACE-009", name, got, err)
		}
	}
	if _, err := placement.Key(at("b", ""), "T1", "log", "R1", "x"); !errors.Is(err, availability.ErrUnknown) {
		t.Errorf("an unknown kind: got %v, want ErrUnknown", err)
	}
}

func TestTheLongestKey(t *testing.T) {
	name := strings.Repeat("x", placement.MaxKey-len("teams.byob/T1/run-file/R1/"))
	key, err := placement.Key(at("b", ""), "T1", placement.RunFile, "R1", name)
	if err != nil || len(key) != 1024 {
		t.Errorf("got %d bytes, %v; want 1,024", len(key), err)
	}
}

// object is all that a key is made of.
type object struct {
	path, team   string
	kind         placement.Kind
	parent, name string
}

func (o object) key() (string, error) {
	return placement.Key(at("b", o.path), o.team, o.kind, o.parent, o.name)
}

// below says what is wrong with a key of an object: it must lie below the sub-path and the team's prefix as it stands and
// however often somebody decodes it and folds its dots, with either slash.
func below(o object, key string) string {
	prefix, err := placement.Prefix(at("b", o.path), o.team)
	switch {
	case err != nil:
		return "there is no prefix: " + err.Error()
	case !strings.HasSuffix(prefix, "/") || o.path != "" && !strings.HasPrefix(prefix, o.path+"/"):
		return "the prefix doesn't end in a slash, or doesn't lie below the sub-path: " + prefix
	case len(key) > placement.MaxKey:
		return "it is longer than 1,024 bytes"
	case path.Clean(key) != key:
		return "it isn't clean"
	}
	for s := key; ; {
		for _, form := range []string{s, path.Clean(s), path.Clean(strings.ReplaceAll(s, `\`, "/"))} {
			if !strings.HasPrefix(form, prefix) {
				return "it leaves " + prefix + " as " + form
			}
		}
		next := unescapeAll(s)
		if next == s {
			return ""
		}
		s = next
	}
}

// unescapeAll decodes what can be decoded, each triple by itself.
func unescapeAll(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if i+3 <= len(s) {
			if one, err := url.PathUnescape(s[i : i+3]); err == nil && s[i] == '%' {
				b.WriteString(one)
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// apart says what is wrong with the keys of two objects: they are the same only for the same object, and what stands below a
// team's prefix in a storage is of that storage and team.
func apart(a, b object) string {
	ka, errA := a.key()
	kb, errB := b.key()
	if errA != nil || errB != nil {
		return ""
	}
	if (ka == kb) != (a == b) {
		return "two objects share the key " + ka
	}
	prefix, err := placement.Prefix(at("b", a.path), a.team)
	if err != nil {
		return err.Error()
	}
	if same := a.path == b.path && a.team == b.team; strings.HasPrefix(kb, prefix) != same {
		return "the key " + kb + " and the prefix " + prefix + " are confused"
	}
	return ""
}

// The words that are made to be confused. Sub-paths and names that are refused stand there too.
var (
	confusingPaths = []string{"", "team", "team2", "team/a", "team/a/b", "Team", "TEAM", "tea", "té", "te\u0301", "team ", "team%2Fa", "team/..", "team/teams.byob",
		"teams", "teams.byob", "teams.byob/team", "teams.byob/team/run-file", "run-file", "team+a", "team%20a", `team\a`}
	confusingIDs   = []string{"team", "team2", "Team", "tea", "a", "team-a", "team_a", "team/a", "run-file", "..", "teams.byob"}
	confusingNames = []string{"x", "X", "a/x", "team/x", "../x", "..%2fx", "%2e%2e/x", "teams.byob/team/run-file/a/x", "team/run-file/a/x", "run-file/a/x", "x%2Fy", "x/y", `x\y`,
		"x%5cy", "é", "e\u0301", "x ", " x", "x+y", "x%20y", "x y"}
)

func TestNeighboursAreNeverConfused(t *testing.T) {
	var all []object
	for _, p := range confusingPaths {
		for _, team := range confusingIDs {
			for _, k := range []placement.Kind{placement.RunFile, placement.ArtifactFile} {
				for _, name := range confusingNames {
					o := object{p, team, k, "a", name}
					if _, err := o.key(); err == nil {
						all = append(all, o)
					}
				}
			}
		}
	}
	if want := 14 * 8 * 2 * 17; len(all) != want {
		t.Errorf("got %d objects that have a key, want %d", len(all), want)
	}
	keys, prefixes := map[string]object{}, map[string][2]string{}
	for _, o := range all {
		key, _ := o.key()
		if problem := below(o, key); problem != "" {
			t.Fatalf("%+v: %q: %s", o, key, problem)
		}
		if other, taken := keys[key]; taken {
			t.Fatalf("%+v and %+v share the key %q", o, other, key)
		}
		keys[key] = o
		prefix, err := placement.Prefix(at("b", o.path), o.team)
		if err != nil {
			t.Fatal(err)
		}
		prefixes[prefix] = [2]string{o.path, o.team}
	}
	for prefix, owner := range prefixes {
		for key, o := range keys {
			if strings.HasPrefix(key, prefix) != (o.path == owner[0] && o.team == owner[1]) {
				t.Fatalf("the key %q of %+v and the prefix %q of %q are confused", key, o, prefix, owner)
			}
		}
	}
}

// TestRandomNeighboursAreNeverConfused joins pieces at random: what is accepted stays apart.
func TestRandomNeighboursAreNeverConfused(t *testing.T) {
	const seed = 20251122
	random := rand.New(rand.NewPCG(seed, 1))
	pieces := []string{"a", "A", "team", "2", "/", "/", ".", "..", "%2f", "%2F", "%2e", "%25", `\`, "teams.byob", "run-file", "é", " ", "+", "-", "%", "\u202e", "ſ"}
	text := func(most int) string {
		var b strings.Builder
		for range random.IntN(most) + 1 {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	some := func() object {
		o := object{text(4), confusingIDs[random.IntN(len(confusingIDs))], placement.BucketKinds[random.IntN(len(placement.BucketKinds))], "a", text(8)}
		if random.IntN(3) == 0 {
			o.path = ""
		}
		return o
	}
	accepted := 0
	for range 100_000 {
		a, b := some(), some()
		if random.IntN(2) == 0 {
			b.path, b.team = a.path, a.team
		}
		if key, err := a.key(); err == nil {
			accepted++
			if problem := below(a, key); problem != "" {
				t.Fatalf("seed %d: %+v: %q: %s", seed, a, key, problem)
			}
		}
		if problem := apart(a, b); problem != "" {
			t.Fatalf("seed %d: %+v and %+v: %s", seed, a, b, problem)
		}
	}
	if accepted < 5_000 {
		t.Errorf("seed %d: only %d objects of 100,000 were accepted: the property says little", seed, accepted)
	}
}

func FuzzKey(f *testing.F) {
	for _, p := range confusingPaths {
		for _, name := range confusingNames {
			f.Add(p, "team", "a", name, "team", "team2", "a", "x")
		}
	}
	f.Fuzz(func(t *testing.T, pathA, teamA, parentA, nameA, pathB, teamB, parentB, nameB string) {
		a, b := object{pathA, teamA, placement.RunFile, parentA, nameA}, object{pathB, teamB, placement.RunFile, parentB, nameB}
		for _, o := range []object{a, b} {
			key, err := o.key()
			if err != nil {
				if key != "" || !errors.As(err, new(*placement.Refusal)) || len(err.Error()) > 200 {
					t.Fatalf("%+v: got %q, %q", o, key, err)
				}
				continue
			}
			if problem := below(o, key); problem != "" {
				t.Fatalf("%+v: %q: %s", o, key, problem)
			}
		}
		if problem := apart(a, b); problem != "" {
			t.Fatalf("%+v and %+v: %s", a, b, problem)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	s := at("b", "sub/path")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := placement.Key(s, "7Zf3kQ", placement.RunFile, "9aB1cD", "media/images/step_100.png"); err != nil {
			b.Fatal(err)
		}
	}
}
