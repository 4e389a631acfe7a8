package words

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// parameter is all that a sentence may hold of Go's templates.
var parameter = regexp.MustCompile(`\{\{\.([A-Z][A-Za-z]*)\}\}`)

// forms are a sentence's plural forms, by their names in the file; one that knows no plural has other alone.
func forms(m *i18n.Message) map[string]string {
	all := map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

// parametersOf are the names of the parameters, in order. N, the count, may be left out where a form says it in words.
func parametersOf(text string) []string {
	var names []string
	for _, found := range parameter.FindAllStringSubmatch(text, -1) {
		if name := found[1]; name != "N" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryLanguageSaysEverySentence(t *testing.T) {
	t.Parallel()
	if len(languages) < 2 {
		t.Fatalf("%d languages", len(languages))
	}
	want := slices.Sorted(maps.Keys(English().said))
	for _, l := range languages {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(l.said))); diff != "" {
			t.Errorf("%s lacks a sentence (-), or has one that English lacks (+):\n%s", l.Tag(), diff)
		}
	}
}

func TestEveryLanguageHasTheSameParameters(t *testing.T) {
	t.Parallel()
	for _, l := range languages {
		for id, m := range l.said {
			for form, text := range forms(m) {
				if rest := parameter.ReplaceAllString(text, ""); strings.ContainsAny(rest, "{}") {
					t.Errorf("%s: %s (%s) holds braces other than of {{.Name}}: %q", l.Tag(), id, form, text)
				}
				if diff := cmp.Diff(parametersOf(English().said[id].Other), parametersOf(text)); diff != "" {
					t.Errorf("%s: the parameters of %s (%s) are not English's (-English +its):\n%s", l.Tag(), id, form, diff)
				}
			}
		}
	}
}

// TestEveryPluralIsSaid: a language needs the forms that its grammar has (unicode.org/cldr/charts/latest/supplemental), and
// what counts in one counts in all.
func TestEveryPluralIsSaid(t *testing.T) {
	t.Parallel()
	for id, m := range English().said {
		if len(forms(m)) == 1 {
			continue
		}
		for _, l := range languages {
			for n := range 130 {
				config := &i18n.LocalizeConfig{MessageID: id, TemplateData: Args{"N": "1"}, PluralCount: n}
				if _, err := l.localizer.Localize(config); err != nil {
					t.Fatalf("%s can't say %s of %d: %v", l.Tag(), id, n, err)
				}
			}
		}
	}
	for _, l := range languages {
		for id, m := range l.said {
			if len(forms(m)) > 1 && len(forms(English().said[id])) == 1 {
				t.Errorf("%s counts in %s, where English does not", l.Tag(), id)
			}
		}
	}
}

// TestSellersAreNotToldOfConnectd: they know the platform and Stripe.
func TestSellersAreNotToldOfConnectd(t *testing.T) {
	t.Parallel()
	for _, l := range languages {
		for id, m := range l.said {
			for _, text := range forms(m) {
				if strings.Contains(strings.ToLower(text), "connectd") {
					t.Errorf("%s: %s: %q", l.Tag(), id, text)
				}
			}
		}
	}
}

// TestNoSentenceIsLeftInEnglish finds what a translator has forgotten.
func TestNoSentenceIsLeftInEnglish(t *testing.T) {
	t.Parallel()
	letters := regexp.MustCompile(`[A-Za-z]{2,}`)
	for _, l := range languages[1:] {
		for id, m := range l.said {
			same := parameter.ReplaceAllString(m.Other, "") == parameter.ReplaceAllString(English().said[id].Other, "")
			if same && letters.MatchString(parameter.ReplaceAllString(m.Other, "")) {
				t.Errorf("%s: %s is English: %q", l.Tag(), id, m.Other)
			}
		}
	}
}
