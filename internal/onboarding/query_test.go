package onboarding_test

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// query draws what a browser may bring to the callback, of which the walk's own state and cookie are parts.
func query(t *rapid.T, w *walk, state string) url.Values {
	anything := rapid.OneOf(rapid.String(), rapid.StringMatching(`[\x00-\x7f%&=+]{0,40}`), rapid.Just(""))
	drawn := url.Values{}
	values := map[string]*rapid.Generator[string]{
		"state":             rapid.OneOf(rapid.Just(state), anything),
		"code":              rapid.OneOf(rapid.Just("ac_unknown"), anything),
		"error":             rapid.OneOf(rapid.Just("access_denied"), anything),
		"error_description": anything,
		"scope":             anything,
	}
	for _, name := range []string{"state", "code", "error", "error_description", "scope"} {
		for range rapid.IntRange(0, 2).Draw(t, name+"s") {
			drawn.Add(name, values[name].Draw(t, name))
		}
	}
	if rapid.Bool().Draw(t, "cookie changed") {
		w.setCookie(anything.Draw(t, "cookie"))
	}
	return drawn
}

func TestNothingThatABrowserBringsBreaksTheCallback(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1"})
	kinds := map[account.ErrorKind]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := p.departFrom(token)
		own, before := w.cookieValue(), p.asked(exchanges)
		at, err := url.Parse(w.away)
		if err != nil {
			rt.Fatal(err)
		}
		state := at.Query().Get("state")
		w.back = query(rt, w, state)
		a, err := w.arrive()
		if err == nil && !a.Denied {
			rt.Fatalf("%v was granted", w.back)
		}
		if _, known := asError(err); err != nil && !known {
			rt.Fatalf("error %v is not for people", err)
		}
		kinds[account.KindOf(err)]++
		if p.asked(exchanges) != before && (w.back.Get("state") != state || w.cookieValue() != own) {
			rt.Fatal("a code was exchanged for a browser that did not begin here")
		}
	})
	t.Logf("kinds of answers: %v", kinds)
	p.wantStatus("s1", account.NotConnected)
}
