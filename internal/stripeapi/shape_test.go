package stripeapi_test

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/stripeapi"
)

func TestShapesTakeWhatStripeGivesOutAndNoPlaceholder(t *testing.T) {
	t.Parallel()
	const placeholder, characters, short = "is a placeholder", "never has", "is too short"
	for _, c := range []struct {
		shape stripeapi.Shape
		value string
		says  string // "" where it is taken
	}{
		{stripeapi.SecretKey, "sk_test_4eC39HqLyjWDarjtT1zdp7dc", ""},
		{stripeapi.SecretKey, "rk_live_" + strings.Repeat("a1B2", 25), ""},
		{stripeapi.SecretKey, "sk_test_...", placeholder},
		{stripeapi.SecretKey, "sk_test_…", placeholder},
		{stripeapi.SecretKey, "sk_test_", placeholder},
		{stripeapi.SecretKey, "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx", placeholder},
		{stripeapi.SecretKey, "sk_test_YOUR_SECRET_KEY", placeholder},
		{stripeapi.SecretKey, "sk_test_4eC39 HqLyjWDarjtT1zdp7dc", characters},
		{stripeapi.SecretKey, "sk_test_4eC39HqLyjWDarjtT1zdp7dc ", characters},
		{stripeapi.SecretKey, "sk_test_4eC3…p7dc", characters},
		{stripeapi.SecretKey, "sk_test_4eC39", short},
		{stripeapi.SecretKey, "pk_test_4eC39HqLyjWDarjtT1zdp7dc", "is not a secret key"},
		{stripeapi.SecretKey, " sk_test_4eC39HqLyjWDarjtT1zdp7dc", "is not a secret key"},
		{stripeapi.SigningSecret, "whsec_" + strings.Repeat("0f", 32), ""},
		{stripeapi.SigningSecret, "whsec_...", placeholder},
		{stripeapi.SigningSecret, "whsec_", placeholder},
		{stripeapi.SigningSecret, "whsec_abc", short},
		{stripeapi.ClientID, "ca_32D88BD1qLklliziD7gYQvctJIhWBSQ7", ""},
		{stripeapi.ClientID, "ca_...", placeholder},
		{stripeapi.ClientID, "ca_", placeholder},
		{stripeapi.ClientID, "ca_32D88BD1/", characters},
	} {
		switch fault := c.shape.Fault(c.value); {
		case c.says == "" && fault != "":
			t.Errorf("%q: %s", c.value, fault)
		case !strings.Contains(fault, c.says):
			t.Errorf("%q: %q, want %q", c.value, fault, c.says)
		}
	}
}
