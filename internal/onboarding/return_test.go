package onboarding_test

import (
	"testing"

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
