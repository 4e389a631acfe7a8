package onboarding_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/onboarding"
)

// TestTheOldestCookiesEnd: a browser that begins again and again keeps ten, by whatever links.
func TestTheOldestCookiesEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	jar, made := map[string]string{}, []string{}
	for i := range 25 {
		d, err := p.Depart(t.Context(), p.link(onboarding.LinkParams{SellerID: "s1"}))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Cookies(d, func(name string) string { return jar[name] }) {
			if err := c.Valid(); err != nil {
				t.Error(err)
			}
			if c.MaxAge < 0 {
				delete(jar, c.Name)
				continue
			}
			jar[c.Name] = c.Value
			if want := map[bool]string{true: "/oauth/callback", false: "/connect/"}[c.Name == d.Cookie.Name]; c.Path != want {
				t.Errorf("cookie %s is for %s, want %s", c.Name, c.Path, want)
			}
		}
		made = append(made, d.Cookie.Name)
		want := slices.Sorted(slices.Values(append([]string{"connectd_states"}, made[max(0, i-9):]...)))
		if kept := slices.Sorted(maps.Keys(jar)); !slices.Equal(kept, want) {
			t.Fatalf("after %d departures the browser keeps %v, want %v", i+1, kept, want)
		}
	}
}

func TestRosterThatIsNotOursEndsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	d, err := p.Depart(t.Context(), p.link(onboarding.LinkParams{SellerID: "s1"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, roster := range []string{"", "x", "; Path=/", strings.Repeat("0123456789abcdef.", 10), strings.Repeat("0123456789abcdef.", 200) + "0123456789abcdef"} {
		if given := p.Cookies(d, func(string) string { return roster }); len(given) != 2 || given[0] != d.Cookie {
			t.Errorf("roster %q: %v", roster, given)
		}
	}
}
