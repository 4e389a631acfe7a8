// Package words is what connectd says to people, in their language: whole sentences, what Stripe calls things in plain
// words, and dates and amounts as they are written there. A language is one file, LANGUAGE.json (a BCP 47 tag), with a
// sentence an id; parameters are {{.Name}}.
//
// It may import client. Its one rule: a sentence stands in every language with the same parameters, and is used somewhere; a
// test holds it.
package words

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Args are the parameters of a sentence, by their names.
type Args map[string]string

// Language says things in one language. It is safe for concurrent use.
type Language struct {
	tag       language.Tag
	localizer *i18n.Localizer
	said      map[string]*i18n.Message // the catalog, by id
}

var (
	languages = load()
	matcher   = newMatcher()
)

// load reads the catalog; English comes first.
func load() []*Language {
	bundle := i18n.NewBundle(language.English)
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the files are embedded
	}
	var all []*Language
	for _, e := range entries {
		file, err := bundle.LoadMessageFileFS(files, e.Name())
		if err != nil {
			panic(fmt.Sprintf("%s: %v", e.Name(), err)) // likewise, and a test has read them
		}
		l := &Language{tag: file.Tag, said: map[string]*i18n.Message{}}
		for _, m := range file.Messages {
			l.said[m.ID] = m
		}
		l.localizer = i18n.NewLocalizer(bundle, file.Tag.String())
		all = append(all, l)
	}
	english := slices.IndexFunc(all, func(l *Language) bool { return l.tag == language.English })
	all[0], all[english] = all[english], all[0]
	return all
}

func newMatcher() language.Matcher {
	var tags []language.Tag
	for _, l := range languages {
		tags = append(tags, l.tag)
	}
	return language.NewMatcher(tags)
}

// English is the language of the admin's pages, and of who reads none that connectd speaks.
func English() *Language { return languages[0] }

// Languages are all that connectd speaks, English first.
func Languages() []*Language { return slices.Clone(languages) }

// Choose finds the reader's language: the one that was chosen, by its tag, or else the first of the wanted that connectd
// speaks, as the header Accept-Language lists them (RFC 9110, 12.5.4).
func Choose(chosen, wanted string) *Language {
	for _, l := range languages {
		if strings.EqualFold(l.Tag(), chosen) {
			return l
		}
	}
	tags, _, err := language.ParseAcceptLanguage(legible(wanted))
	if err != nil {
		return English()
	}
	_, i, _ := matcher.Match(tags...)
	return languages[i]
}

// Browsers send a handful of ranges. What is more, or longer than any language's tag with its weight, is not read.
const (
	mostRanges   = 32
	longestRange = 64 // bytes
)

// legible leaves out what can't be read: ranges that match nothing are passed over (RFC 4647, 3.4).
func legible(wanted string) string {
	ranges := strings.SplitN(wanted, ",", mostRanges+1)
	ranges = slices.DeleteFunc(ranges[:min(len(ranges), mostRanges)], func(r string) bool {
		_, _, err := language.ParseAcceptLanguage(r[:min(len(r), longestRange)])
		return err != nil || len(r) > longestRange
	})
	return strings.Join(ranges, ",")
}

// Tag names the language as HTML's lang does.
func (l *Language) Tag() string { return l.tag.String() }

// Name is what its readers call it.
func (l *Language) Name() string { return l.Say("language.name", nil) }

// Say says the sentence. One that the catalog lacks, which a test keeps from happening, is its id.
func (l *Language) Say(id string, args Args) string {
	return l.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: straight(args)})
}

// Count says the sentence as it is said of n things; n is its parameter {{.N}}.
func (l *Language) Count(id string, n int, args Args) string {
	all := straight(args)
	all["N"] = l.number(n)
	return l.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: all, PluralCount: n})
}

// turns are what changes the direction of writing (unicode.org/reports/tr9, 2): a name that holds one would turn the rest of its
// sentence, too.
var turns = strings.NewReplacer(
	"\u200e", "", "\u200f", "", "\u061c", "", "\u202a", "", "\u202b", "", "\u202c", "", "\u202d", "", "\u202e", "",
	"\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "",
)

func straight(args Args) Args {
	all := Args{}
	for name, value := range args {
		all[name] = turns.Replace(value)
	}
	return all
}

func (l *Language) localize(c *i18n.LocalizeConfig) string {
	said, err := l.localizer.Localize(c)
	if err != nil && said == "" {
		return c.MessageID
	}
	return said
}

// knows reports whether the catalog has the sentence.
func (l *Language) knows(id string) bool { return l.said[id] != nil }

// among finds what stands under an id that is made of a prefix and of a word of Stripe's; "" where Stripe has a new word.
func (l *Language) among(prefix, word string) string {
	if id := prefix + word; l.knows(id) {
		return l.Say(id, nil)
	}
	return ""
}

// Sentences sets sentences one after another; those that are empty are left out.
func (l *Language) Sentences(sentences ...string) string {
	all := ""
	for _, next := range sentences {
		switch {
		case all == "":
			all = next
		case next != "":
			all = l.Say("sentences", Args{"First": all, "Next": next})
		}
	}
	return all
}
