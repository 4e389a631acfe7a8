package sandbox_test

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/connectd/connectd/internal/sandbox"
)

// A sandbox is started in one line, and Stripe's own client talks to it as to Stripe.
func ExampleStart() {
	ctx := context.Background()
	s, err := sandbox.Start(ctx, sandbox.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop(ctx) //nolint:errcheck // nothing is kept

	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(s.URL())})
	stripeClient := client.New(s.Platform().Key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	own, err := stripeClient.Accounts.Get()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(own.ID == s.Platform().Account, own.ChargesEnabled)
	// Output: true true
}
