package policy

import (
	"bytes"
	_ "embed" // the vectors
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

// Question is what an evaluator is asked: a document as text, and a Request of it.
type Question struct {
	Provider string
	Kind     Kind
	Policy   string
	Request
}

// Implementation is an evaluator under test. An error says that it takes the document for no policy.
type Implementation func(Question) (Decision, error)

// Reference is this package's own evaluator.
func Reference() Implementation {
	return func(q Question) (Decision, error) {
		d, err := Parse(q.Provider, q.Kind, []byte(q.Policy))
		if err != nil {
			return Decision{}, err
		}
		return d.Evaluate(q.Request), nil
	}
}

// Vector is one row of the executable table of BYOB-PERM-017.
type Vector struct {
	Group, About string // what the group's vectors show together
	Name         string
	Question     Question
	Answer       Answer
	On           string // what must be named where the answer is Depends
}

//go:embed vectors.yaml
var vectorsYAML []byte

type vectorSetting struct {
	Provider  string            `yaml:"provider"`
	Kind      Kind              `yaml:"kind"`
	Principal string            `yaml:"principal"`
	Action    string            `yaml:"action"`
	Resource  string            `yaml:"resource"`
	Context   map[string]string `yaml:"context"`
}

type vectorsFile struct {
	Defaults struct {
		Setting vectorSetting `yaml:",inline"`
		Allow   string        `yaml:"allow"`
	} `yaml:"defaults"`
	Groups []struct {
		Group   string `yaml:"group"`
		About   string `yaml:"about"`
		Vectors []struct {
			Setting    vectorSetting `yaml:",inline"`
			Name       string        `yaml:"name"`
			Policy     string        `yaml:"policy"`
			Statements string        `yaml:"statements"`
			Replace    string        `yaml:"replace"`
			By         string        `yaml:"by"`
			Answer     Answer        `yaml:"answer"`
			On         string        `yaml:"on"`
		} `yaml:"vectors"`
	} `yaml:"groups"`
}

// Vectors returns the table. The caller may change the slice, not what its maps hold.
func Vectors() []Vector { return slices.Clone(loadVectors()) }

// loadVectors reads the embedded table once. It panics where the table is malformed, which its test rules out.
var loadVectors = sync.OnceValue(func() []Vector {
	var f vectorsFile
	if err := yaml.NewDecoder(bytes.NewReader(vectorsYAML), yaml.DisallowUnknownField()).Decode(&f); err != nil {
		panic(fmt.Sprintf("policy vectors: %v", err))
	}
	d := f.Defaults
	var out []Vector
	for _, g := range f.Groups {
		for _, v := range g.Vectors {
			text := v.Policy
			if text == "" {
				text = `{"Version": "2012-10-17", "Statement": [` + strings.ReplaceAll(v.Statements, "ALLOW", d.Allow) + "]}"
			}
			if v.Replace != "" {
				if !strings.Contains(text, v.Replace) {
					panic(fmt.Sprintf("policy vectors: %q replaces what isn't there", v.Name))
				}
				text = strings.ReplaceAll(text, v.Replace, v.By)
			}
			context := Context{}
			given := v.Setting.Context
			if given == nil {
				given = d.Setting.Context
			}
			for key, value := range given {
				context[strings.ToLower(key)] = []string{value}
			}
			out = append(out, Vector{Group: g.Group, About: g.About, Name: v.Name, Answer: v.Answer, On: v.On, Question: Question{
				Provider: or(v.Setting.Provider, d.Setting.Provider), Kind: Kind(or(string(v.Setting.Kind), string(Bucket))), Policy: text,
				Request: Request{Principal: or(v.Setting.Principal, d.Setting.Principal), Action: or(v.Setting.Action, d.Setting.Action), Resource: or(v.Setting.Resource, d.Setting.Resource), Context: context}}})
		}
	}
	return out
})

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Judge asks an implementation a vector's question. ok says whether it answers as it must; expected and actual are words.
func (v Vector) Judge(impl Implementation) (expected, actual string, ok bool) {
	defer func() {
		if recover() != nil {
			actual, ok = "a panic", false
		}
	}()
	expected = string(v.Answer)
	if v.On != "" {
		expected += ", naming " + v.On
	}
	d, err := impl(v.Question)
	if err != nil {
		return expected, "refused: " + err.Error(), false
	}
	actual = string(d.Answer)
	if len(d.Conditions) > 0 {
		actual += ", naming " + strings.Join(d.Conditions, " and ")
	}
	named := v.On == "" || slices.ContainsFunc(d.Conditions, func(c string) bool { return strings.Contains(c, v.On) })
	return expected, actual, d.Answer == v.Answer && named
}
