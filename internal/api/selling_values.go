package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/selling"
)

// text is any text but one with a NUL, for which no form and no database has a place.
type text string

// Resolve is called by huma.
func (t text) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if !account.IsText(string(t)) {
		return wrong(at.String(), "is not text: it holds a NUL")
	}
	return nil
}

func wrong(location, format string, args ...any) []error {
	return []error{&huma.ErrorDetail{Location: location, Message: fmt.Sprintf(format, args...)}}
}

// idempotencyKey is Stripe's, sent on as a header (docs.stripe.com/api/idempotent_requests).
type idempotencyKey string

// Schema is called by huma.
func (idempotencyKey) Schema(huma.Registry) *huma.Schema {
	shortest, longest := 1, 255
	return &huma.Schema{
		Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Pattern: "^[ -~]*$", PatternDescription: "printable ASCII",
	}
}

// Resolve is called by huma, to whom an empty header is none, and the first of several is all.
func (k idempotencyKey) Resolve(ctx huma.Context, at *huma.PathBuffer) []error {
	given := 0
	ctx.EachHeader(func(name, _ string) {
		if name == "Idempotency-Key" {
			given++
		}
	})
	switch {
	case given > 1:
		return wrong(at.String(), "is given %d times; a request has one", given)
	case given == 1 && k == "":
		return wrong(at.String(), "is empty; it has 1 to 255 characters of printable ASCII, or is left out")
	}
	return nil
}

// webURL is an absolute http or https URL. {CHECKOUT_SESSION_ID} may be anywhere behind its host.
type webURL string

// Resolve is called by huma.
func (u webURL) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if u == "" {
		return nil // a field that may be left out
	}
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return wrong(at.String(), "is not an absolute http or https URL, such as https://shop.example/paid")
	}
	return nil
}

// urls is nil for none: an empty list would be sent as an empty text.
func urls(given []webURL) (plain []string) {
	for _, u := range given {
		plain = append(plain, string(u))
	}
	return plain
}

// metadata is what a platform keeps with an object at Stripe, within Stripe's bounds (docs.stripe.com/metadata#data).
type metadata map[string]string

const (
	longestMetadataKey   = 40
	longestMetadataValue = 500
)

// Schema is called by huma.
func (metadata) Schema(huma.Registry) *huma.Schema {
	most, longest := selling.MaxMetadata, longestMetadataValue
	value := &huma.Schema{Type: huma.TypeString, MaxLength: &longest}
	value.PrecomputeMessages() // huma does so for the outermost alone
	return &huma.Schema{Type: huma.TypeObject, MaxProperties: &most, AdditionalProperties: value}
}

// check is called by whoever has metadata: huma resolves no maps.
func (m metadata) check(at *huma.PathBuffer) (errs []error) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if why := wrongMetadata(key, m[key]); why != "" {
			errs = append(errs, wrong(at.With("metadata")+"."+key, "%s", why)...)
		}
	}
	return errs
}

// Resolve is called by huma.
func (p productParams) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	return p.Metadata.check(at)
}

// Resolve is called by huma.
func (p checkoutParams) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	return p.Metadata.check(at)
}

// Resolve is called by huma.
func (p productData) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	return p.Metadata.check(at)
}

func wrongMetadata(key, value string) string {
	switch {
	case key == selling.UserID:
		return "is set by connectd to the seller_id; name it otherwise"
	case key == "" || utf8.RuneCountInString(key) > longestMetadataKey || strings.ContainsAny(key, "[]\x00"):
		return fmt.Sprintf("has a key that Stripe does not take: 1 to %d characters, no square brackets", longestMetadataKey)
	case !account.IsText(value):
		return "is not text: it holds a NUL"
	}
	return ""
}

// percent is a decimal, read as it is written: no float comes between.
type percent struct {
	written string
	value   selling.Percent
}

// Schema is called by huma.
func (percent) Schema(huma.Registry) *huma.Schema {
	least, most := 0.0, 100.0
	return &huma.Schema{Type: huma.TypeNumber, Minimum: &least, Maximum: &most}
}

// UnmarshalJSON leaves it to Resolve to say what is wrong.
func (p *percent) UnmarshalJSON(raw []byte) error {
	p.written = string(raw)
	return nil
}

// Resolve is called by huma.
func (p *percent) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	value, err := selling.ParsePercent(p.written)
	if err != nil {
		return wrong(at.String(), "%s", err)
	}
	p.value = value
	return nil
}

// Resolve is called by huma.
func (l lineItem) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if (l.Price == "") == (l.PriceData == nil) {
		return wrong(at.With("price"), "give one of price and price_data")
	}
	return nil
}

// Resolve is called by huma.
func (p priceData) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	switch {
	case p.Recurring != nil:
		return wrong(at.With("recurring"), "can't be: what is sold here is paid once")
	case (p.UnitAmount == nil) == (p.UnitDecimal == ""):
		return wrong(at.With("unit_amount"), "give one of unit_amount and unit_amount_decimal")
	case (p.Product == "") == (p.ProductData == nil):
		return wrong(at.With("product_data"), "give one of product and product_data")
	}
	return nil
}

// stripeObject is an object of Stripe's as it came.
type stripeObject json.RawMessage

// Schema is called by huma.
func (stripeObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "Stripe's object"}
}

// MarshalJSON is the object.
func (o stripeObject) MarshalJSON() ([]byte, error) { return o, nil }
