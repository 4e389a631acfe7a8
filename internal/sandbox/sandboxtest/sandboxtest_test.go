package sandboxtest_test

import (
	"testing"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/connectd/connectd/internal/sandbox/sandboxtest"
)

func TestOneLineStartsASandbox(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)

	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(s.URL())})
	api := client.New(s.Platform().Key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	product, err := api.Products.New(&stripe.ProductParams{Name: stripe.String("Tea")})
	if err != nil || product.Name != "Tea" {
		t.Errorf("product: %+v %v", product, err)
	}
}
