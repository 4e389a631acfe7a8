package selling

import (
	"context"
	"maps"
	"slices"

	"github.com/connectd/connectd/internal/stripeapi"
)

// UserID is the key of metadata that says whose an object is: the seller's id. No caller may set it.
const UserID = "userId"

// MaxMetadata is how many keys are left of Stripe's 50 (docs.stripe.com/metadata#data) beside UserID.
const MaxMetadata = 49

// Product makes a product on the seller's account.
func (s *Service) Product(ctx context.Context, by By, p stripeapi.Product) (stripeapi.Made, error) {
	p.Metadata = by.mark(p.Metadata)
	return s.act(ctx, by, func(ctx context.Context, on stripeapi.On) (stripeapi.Made, error) {
		return s.cfg.Stripe.CreateProduct(ctx, on, p)
	})
}

// markAll marks the session and the products that are made with it.
func (by By) markAll(session stripeapi.Checkout) stripeapi.Checkout {
	session.Metadata = by.mark(session.Metadata)
	session.LineItems = slices.Clone(session.LineItems)
	for i, line := range session.LineItems {
		if line.PriceData == nil || line.PriceData.ProductData == nil {
			continue
		}
		price, product := *line.PriceData, *line.PriceData.ProductData
		product.Metadata = by.mark(product.Metadata)
		price.ProductData = &product
		session.LineItems[i].PriceData = &price
	}
	return session
}

// mark adds whose an object is, whatever the metadata say of it.
func (by By) mark(metadata map[string]string) map[string]string {
	marked := maps.Clone(metadata)
	if marked == nil {
		marked = map[string]string{}
	}
	marked[UserID] = by.SellerID
	return marked
}
