package address

import (
	"bytes"
	"crypto/sha512"
	_ "embed" // the vectors and the key they use
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed vectors.yaml
var vectorsYAML []byte

// A throw-away key that opens nothing, under a name that is none of PEM's, so that nobody's scanner takes it for one.
//
//go:embed testing-key.txt
var testingKey string

// vectorGroup and vectorEntry are the form of vectors.yaml.
type vectorGroup struct {
	Requirement string        `yaml:"requirement"`
	Vectors     []vectorEntry `yaml:"vectors"`
}

type vectorEntry struct {
	Name     string            `yaml:"name"`
	Raw      string            `yaml:"raw"`
	List     bool              `yaml:"list"`
	Edition  string            `yaml:"edition"`
	Provider string            `yaml:"provider"`
	Instance *instanceEntry    `yaml:"instance"`
	Refused  bool              `yaml:"refused"`
	Control  string            `yaml:"control"`
	Names    []string          `yaml:"names"`
	Want     map[string]string `yaml:"want"`
	Warns    []string          `yaml:"warns"`
	Silent   []string          `yaml:"silent"`
	Round    bool              `yaml:"roundtrip"`
	Secrecy  bool              `yaml:"secrecy"`
}

type instanceEntry struct {
	OnAWS     bool   `yaml:"onAWS"`
	AWSRegion string `yaml:"awsRegion"`
}

// Vectors returns the executable table of the ADDR requirements. Besides what vectors.yaml lists, every vector with a
// secret has a twin under BYOB-ADDR-011, and every accepted address one under BYOB-ADDR-017. The caller may change the
// slice, not what its maps and slices hold.
func Vectors() []Vector { return append([]Vector(nil), loadVectors()...) }

// loadVectors reads the embedded table once. It panics where the table is malformed, which its test rules out.
var loadVectors = sync.OnceValue(func() []Vector {
	var groups []vectorGroup
	if err := yaml.NewDecoder(bytes.NewReader(vectorsYAML), yaml.Strict()).Decode(&groups); err != nil {
		panic(fmt.Sprintf("vectors.yaml: %v", err))
	}
	words := newWords()
	var vectors []Vector
	for _, g := range groups {
		for _, e := range g.Vectors {
			v := words.vector(g.Requirement, e)
			vectors = append(vectors, v)
			if len(v.Secrets) > 0 && !v.Want.Secrecy {
				twin := v
				twin.Control = Input{}
				twin.Name, twin.Requirement, twin.Want = g.Requirement+", "+v.Name, "BYOB-ADDR-011", Expectation{Secrecy: true}
				vectors = append(vectors, twin)
			}
			if !v.Want.Refused && !v.Want.Secrecy && !v.Want.RoundTrip && !v.List {
				twin := v
				twin.Name, twin.Requirement, twin.Want = g.Requirement+", "+v.Name, "BYOB-ADDR-017", Expectation{RoundTrip: true}
				vectors = append(vectors, twin)
			}
		}
	}
	return vectors
})

// words are what stands for {ak}, {sk} and so on, and the canaries behind them.
type words struct {
	fill     *strings.Replacer
	canaries map[string][]string // word in braces, without its variant -> secrets
}

func newWords() words {
	const sk = "q7XvT2mKz9RbWc4NpYh8LsGd6FjQt3VxAe5BuMwZ"
	const odd = "Zq7/Vx+9=Kd@3w:Jn%5t#Rb 8h?Ym2Lc6Pf0Gs4T"
	private := strings.ReplaceAll(testingKey, "TESTING KEY", pkcs8)
	block, _ := pem.Decode([]byte(private))
	older := string(pem.EncodeToMemory(&pem.Block{Type: pkcs1, Bytes: innerKey(block.Bytes)}))
	sum := sha512.Sum512([]byte("bucketproof testing account 3"))
	key := base64.StdEncoding.EncodeToString(sum[:])
	encode := func(s string) string {
		var b strings.Builder
		escape(&b, s)
		return b.String()
	}
	return words{
		fill: strings.NewReplacer(
			"{ak}", "BUCKETPROOFTEST00001", "{sk}", sk,
			"{odd}", encode(odd), "{odd:raw}", odd,
			"{email}", "wandb@example-project.iam.gserviceaccount.com",
			"{pem}", encode(private), "{pem:form}", url.QueryEscape(private), "{pem:raw}", private,
			"{pkcs1}", encode(older), "{pkcs1:raw}", older,
			"{key}", encode(key), "{key:raw}", key,
		),
		canaries: map[string][]string{
			"{sk": {sk}, "{odd": {odd}, "{pem": {armoured(private)}, "{pkcs1": {armoured(older)}, "{key": {key},
		},
	}
}

// armoured is what stands between the first and the last line of a PEM block: those two are no secret.
func armoured(block string) string {
	_, body, _ := strings.Cut(block, "-----\n")
	body, _, _ = strings.Cut(body, "-----END")
	return body
}

// innerKey takes the PKCS#1 key out of a PKCS#8 one.
func innerKey(der []byte) []byte {
	body, _, _ := element(der, 0x30)
	_, body, _ = element(body, 0x02)
	_, body, _ = element(body, 0x30)
	key, _, _ := element(body, 0x04)
	return key
}

// vector fills an entry in.
func (w words) vector(requirement string, e vectorEntry) Vector {
	o := Options{Edition: e.Edition, Provider: Provider(e.Provider)}
	control := Options{Edition: e.Edition, Provider: Provider(e.Provider)}
	if e.Instance != nil {
		o.Instance = &Instance{OnAWS: e.Instance.OnAWS, AWSRegion: e.Instance.AWSRegion}
		control.Instance = o.Instance
	}
	v := Vector{
		Name: e.Name, Requirement: requirement, Raw: w.fill.Replace(e.Raw), Options: o, List: e.List,
		Want: Expectation{
			Refused: e.Refused, Names: e.Names, Warns: e.Warns, Silent: e.Silent,
			RoundTrip: e.Round, Secrecy: e.Secrecy,
		},
	}
	if e.Control != "" {
		v.Control = Input{Raw: w.fill.Replace(e.Control), Options: control}
	}
	if e.Want != nil {
		v.Want.Fields = make(map[string]string, len(e.Want))
		for name, value := range e.Want {
			v.Want.Fields[name] = w.fill.Replace(value)
		}
	}
	for word, secrets := range w.canaries {
		if strings.Contains(e.Raw, word+"}") || strings.Contains(e.Raw, word+":") {
			v.Secrets = append(v.Secrets, secrets...)
		}
	}
	return v
}
