package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/words"
)

// policyWords say what a policy means, a sentence a rule.
func policyWords(p account.Policy, staleAfter time.Duration) []string {
	rules := []string{
		"Accounts of every country can transact.", "Accounts of every currency can transact.",
		"A seller can transact without payouts.", "No capability is required.",
		"A check that is too long ago makes an answer stale, and takes nobody’s yes.",
	}
	if len(p.Countries) > 0 {
		rules[0] = "Only accounts of these countries can transact: " + strings.Join(written(p.Countries, countryWords), ", ") + "."
	}
	if len(p.Currencies) > 0 {
		rules[1] = "Only accounts with these currencies can transact: " + strings.Join(written(p.Currencies, upper), ", ") + "."
	}
	if p.RequirePayouts {
		rules[2] = "A seller needs payouts to transact."
	}
	if len(p.RequiredCapabilities) > 0 {
		rules[3] = "Of these capabilities, those that an account lists have to be active: " + strings.Join(p.RequiredCapabilities, ", ") + "."
	}
	if p.DenyWhenStale {
		rules[4] = fmt.Sprintf("A seller whose account was not checked for more than %s can’t transact.", daysWords(staleAfter))
	}
	return rules
}

func daysWords(d time.Duration) string {
	if days := d.Hours() / 24; days == float64(int(days)) && days > 1 {
		return fmt.Sprintf("%d days", int(days))
	}
	return d.String()
}

func countryWords(code string) string {
	code = upper(code)
	if name := words.English().Country(code); name != code {
		return name + " (" + code + ")"
	}
	return code
}

// policyDifferences say what a policy changes of another; none where nothing.
func policyDifferences(from, to account.Policy) []string {
	what := slices.Concat(
		listDifference("countries", from.Countries, to.Countries, countryWords),
		listDifference("currencies", from.Currencies, to.Currencies, upper),
		listDifference("required capabilities", from.RequiredCapabilities, to.RequiredCapabilities, asItIs),
	)
	for _, rule := range []struct {
		was, is bool
		on, off string
	}{
		{from.RequirePayouts, to.RequirePayouts, "payouts become required", "payouts are required no more"},
		{from.DenyWhenStale, to.DenyWhenStale, "a check too long ago becomes a no", "a check too long ago is no longer a no"},
	} {
		switch {
		case rule.is && !rule.was:
			what = append(what, rule.on)
		case rule.was && !rule.is:
			what = append(what, rule.off)
		}
	}
	return what
}

// listDifference says what comes and goes. Of countries and currencies an empty list is all, of capabilities none.
func listDifference(name string, from, to []string, say func(string) string) []string {
	from, to = written(from, say), written(to, say)
	come, gone := without(to, from), without(from, to)
	if len(come)+len(gone) == 0 {
		return nil
	}
	if (len(from) == 0 || len(to) == 0) && name != "required capabilities" {
		return []string{fmt.Sprintf("%s: %s → %s", name, listOr(from, "all"), listOr(to, "all"))}
	}
	var parts []string
	if len(come) > 0 {
		parts = append(parts, "with "+strings.Join(come, ", "))
	}
	if len(gone) > 0 {
		parts = append(parts, "without "+strings.Join(gone, ", "))
	}
	return []string{name + ": " + strings.Join(parts, "; ")}
}

func listOr(list []string, empty string) string {
	if len(list) == 0 {
		return empty
	}
	return strings.Join(list, ", ")
}

func written(list []string, say func(string) string) []string {
	said := make([]string, len(list))
	for i, text := range list {
		said[i] = say(text)
	}
	return said
}
