package onboarding_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

func TestPlatformIsAtTheFirstReturnOrigin(t *testing.T) {
	t.Parallel()
	for want, origins := range map[string][]string{
		"":                         nil,
		"https://shop.example/":    {"https://shop.example", "https://other.example"},
		"https://shop.example:81/": {"", "shop.example", "https://Shop.example:81/"},
	} {
		s := onboarding.New(onboarding.Config{BaseURL: baseURL, ReturnOrigins: origins})
		if got := s.PlatformURL(); got != want {
			t.Errorf("%q: the platform is at %q, want %q", origins, got, want)
		}
	}
}

func TestReturnURLKeepsThePlatformsParametersAsTheyAre(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for given, want := range map[string]string{
		"/done":                         "/done?OURS",
		"/done?":                        "/done?OURS",
		"/done?b=2&a=1#top":             "/done?b=2&a=1&OURS#top",
		"/done?x=%2f+%20&sig=aB~!*'()&": "/done?x=%2f+%20&sig=aB~!*'()&OURS",
		"/done?flag&a=1&a=0&statuses=x": "/done?flag&a=1&a=0&statuses=x&OURS",
	} {
		token := p.link(onboarding.LinkParams{SellerID: "s1", ReturnURL: shopOrigin + given})
		a := p.departFrom(token).decide("persona=deny").mustArrive()
		ours := fmt.Sprintf("seller_id=s1&status=denied&position=%d", p.readiness("s1").Version)
		if to := shopOrigin + strings.Replace(want, "OURS", ours, 1); a.ReturnURL != to {
			t.Errorf("%s leads back to %s, want %s", given, a.ReturnURL, to)
		}
	}
}

func TestReturnURLThatCanNotBeAppendedToIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for query, words := range map[string]string{
		"a=1;b=2": "can't be read", "a=%zz": "can't be read", "a=%": "can't be read",
		"a=1&status=open": "parameter status already", "position": "parameter position already",
		"seller%5Fid=s2": "parameter seller_id already",
	} {
		_, err := p.CreateLink(t.Context(), onboarding.LinkParams{SellerID: "s1", ReturnURL: shopOrigin + "/done?" + query})
		wantError(t, err, account.Invalid, "return_url")
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%s: told %q, want %q", query, err, words)
		}
	}
}
