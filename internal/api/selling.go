package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/internal/stripeapi"
)

func (s *service) registerSelling(api huma.API) {
	huma.Register(api, secured(access.SellingWrite, huma.Operation{
		OperationID: "create-product", Method: http.MethodPost, Path: "/v1/sellers/{seller_id}/products", Tags: []string{"Selling"},
		DefaultStatus: http.StatusCreated,
		Summary:       "Make a product on a seller's account",
		Description: "Makes a product on the seller's account at Stripe, with metadata.userId set to seller_id, and answers Stripe's " +
			"product. " + aboutSelling,
		Errors: sellingErrors,
	}), s.createProduct)
	huma.Register(api, secured(access.SellingWrite, huma.Operation{
		OperationID: "create-checkout-session", Method: http.MethodPost, Path: "/v1/sellers/{seller_id}/checkout-sessions",
		Tags: []string{"Selling"}, DefaultStatus: http.StatusCreated,
		Summary: "Sell something on a seller's account, and keep a fee",
		Description: "Makes a Checkout session in mode payment on the seller's account at Stripe, with metadata.userId set to seller_id, " +
			"and answers Stripe's session: send the buyer to its url. " + aboutSelling,
		Errors: sellingErrors,
	}), s.createCheckoutSession)
}

const aboutSelling = "Refused with 409, with the reasons, where the seller can't transact or Stripe says that the account is gone. " +
	"Stripe's other refusals are 422, 429 or 502, with what Stripe said in stripe. Send an Idempotency-Key: only with it can " +
	"the same request be sent again without making a second one, which is what to do after a 429 or 502."

var sellingErrors = []int{http.StatusConflict, http.StatusTooManyRequests, http.StatusBadGateway}

func sellsBy(seller sellerID, key idempotencyKey) selling.By {
	return selling.By{SellerID: string(seller), IdempotencyKey: string(key)}
}

type productInput struct {
	SellerID       sellerID       `path:"seller_id" doc:"The platform's own id of the seller"`
	IdempotencyKey idempotencyKey `header:"Idempotency-Key" doc:"Passed on to Stripe as it is: of a day's requests for one seller that carry the same, the first is done and the others are answered as it was"`
	Body           productParams
}

type productParams struct {
	Name        text     `json:"name" minLength:"1" maxLength:"5000" doc:"What buyers read"`
	Description text     `json:"description,omitempty" maxLength:"40000" doc:"More of what buyers read"`
	Images      []webURL `json:"images,omitempty" maxItems:"8" doc:"Where pictures are"`
	URL         webURL   `json:"url,omitempty" maxLength:"5000" doc:"The product's own page"`
	Metadata    metadata `json:"metadata,omitempty" doc:"What the platform keeps with the product; userId is connectd's"`
}

type checkoutInput struct {
	SellerID       sellerID       `path:"seller_id" doc:"The platform's own id of the seller"`
	IdempotencyKey idempotencyKey `header:"Idempotency-Key" doc:"Passed on to Stripe as it is: of a day's requests for one seller that carry the same, the first is done and the others are answered as it was"`
	Body           checkoutParams
}

type checkoutParams struct {
	LineItems             []lineItem `json:"line_items" minItems:"1" maxItems:"100" doc:"What is bought"`
	SuccessURL            webURL     `json:"success_url" minLength:"1" maxLength:"5000" doc:"Where Stripe sends the buyer after paying; Stripe puts the session's id in the place of {CHECKOUT_SESSION_ID}"`
	CancelURL             webURL     `json:"cancel_url,omitempty" maxLength:"5000" doc:"Where Stripe's page leads back to"`
	ApplicationFeeAmount  *int64     `json:"application_fee_amount,omitempty" minimum:"0" doc:"What the platform keeps, in the currency's smallest unit"`
	ApplicationFeePercent *percent   `json:"application_fee_percent,omitempty" doc:"What the platform keeps, in percent of the total, rounded half up to the currency's smallest unit; instead of application_fee_amount, and where each line has a unit_amount in price_data"`
	Metadata              metadata   `json:"metadata,omitempty" doc:"What the platform keeps with the session; userId is connectd's"`
	ClientReferenceID     text       `json:"client_reference_id,omitempty" maxLength:"200" doc:"The platform's own id of what is bought"`
}

type lineItem struct {
	Quantity  int64      `json:"quantity" minimum:"1" maximum:"999999" doc:"How many"`
	Price     text       `json:"price,omitempty" maxLength:"5000" doc:"Stripe's id of a price on the seller's account (price_…)"`
	PriceData *priceData `json:"price_data,omitempty" doc:"A new price, instead of price"`
}

type priceData struct {
	Currency    text            `json:"currency" minLength:"1" maxLength:"10" doc:"ISO 4217, lower case"`
	UnitAmount  *int64          `json:"unit_amount,omitempty" minimum:"0" maximum:"999999999999" doc:"What one costs, in the currency's smallest unit"`
	UnitDecimal text            `json:"unit_amount_decimal,omitempty" maxLength:"40" doc:"The same with up to twelve decimals, instead of unit_amount"`
	TaxBehavior text            `json:"tax_behavior,omitempty" enum:"inclusive,exclusive,unspecified" doc:"Whether taxes are in the price"`
	Product     text            `json:"product,omitempty" maxLength:"5000" doc:"Stripe's id of a product on the seller's account (prod_…)"`
	ProductData *productData    `json:"product_data,omitempty" doc:"A new product, instead of product"`
	Recurring   json.RawMessage `json:"recurring,omitempty" hidden:"true"`
}

type productData struct {
	Name        text     `json:"name" minLength:"1" maxLength:"5000" doc:"What buyers read"`
	Description text     `json:"description,omitempty" maxLength:"40000" doc:"More of what buyers read"`
	Images      []webURL `json:"images,omitempty" maxItems:"8" doc:"Where pictures are"`
	TaxCode     text     `json:"tax_code,omitempty" maxLength:"5000" doc:"Stripe's tax code (txcd_…)"`
	Metadata    metadata `json:"metadata,omitempty" doc:"What the platform keeps with the product; userId is connectd's"`
}

// madeOutput is what Stripe made, as it came.
type madeOutput struct {
	Body stripeObject
}

func (s *service) createProduct(ctx context.Context, in *productInput) (*madeOutput, error) {
	made, err := s.cfg.Selling.Product(ctx, sellsBy(in.SellerID, in.IdempotencyKey), in.Body.product())
	return s.made(ctx, made, err)
}

func (s *service) createCheckoutSession(ctx context.Context, in *checkoutInput) (*madeOutput, error) {
	made, err := s.cfg.Selling.Checkout(ctx, sellsBy(in.SellerID, in.IdempotencyKey), in.Body.sale())
	return s.made(ctx, made, err)
}

func (s *service) made(ctx context.Context, made stripeapi.Made, err error) (*madeOutput, error) {
	if err != nil {
		return nil, s.sellingProblem(ctx, err)
	}
	return &madeOutput{Body: stripeObject(made.Object)}, nil
}

func (p productParams) product() stripeapi.Product {
	return stripeapi.Product{
		Name: string(p.Name), Description: string(p.Description), Images: urls(p.Images), URL: string(p.URL), Metadata: p.Metadata,
	}
}

func (p checkoutParams) sale() selling.Sale {
	sale := selling.Sale{
		Checkout: stripeapi.Checkout{
			SuccessURL: string(p.SuccessURL), CancelURL: string(p.CancelURL),
			ClientReferenceID: string(p.ClientReferenceID), Metadata: p.Metadata,
		},
		Fee: p.ApplicationFeeAmount,
	}
	if p.ApplicationFeePercent != nil {
		sale.Percent = &p.ApplicationFeePercent.value
	}
	for _, l := range p.LineItems {
		sale.LineItems = append(sale.LineItems, stripeapi.LineItem{
			Quantity: l.Quantity, Price: string(l.Price), PriceData: l.PriceData.data(),
		})
	}
	return sale
}

func (p *priceData) data() *stripeapi.PriceData {
	if p == nil {
		return nil
	}
	return &stripeapi.PriceData{
		Currency: string(p.Currency), UnitAmount: p.UnitAmount, UnitDecimal: string(p.UnitDecimal), TaxBehavior: string(p.TaxBehavior),
		Product: string(p.Product), ProductData: p.ProductData.data(),
	}
}

func (p *productData) data() *stripeapi.ProductData {
	if p == nil {
		return nil
	}
	return &stripeapi.ProductData{
		Name: string(p.Name), Description: string(p.Description), Images: urls(p.Images), TaxCode: string(p.TaxCode), Metadata: p.Metadata,
	}
}
