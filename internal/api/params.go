package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/account"
)

// sellerID is a seller's id in a request, checked wherever it stands.
type sellerID string

// Schema is called by huma. What a pattern can't say is left to Resolve.
func (sellerID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: "^[A-Za-z0-9._:@-]{1,255}$",
		PatternDescription: "1 to 255 of A-Z a-z 0-9 . _ : @ -, and not . or ..",
	}
}

// Resolve is called by huma.
func (id sellerID) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if err := account.CheckSellerID(string(id)); err != nil {
		return []error{&huma.ErrorDetail{Location: at.String(), Message: err.Error()}}
	}
	return nil
}

// searchText is any text that Postgres can take.
type searchText string

// Resolve is called by huma.
func (t searchText) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if !account.IsText(string(t)) {
		return []error{&huma.ErrorDetail{Location: at.String(), Message: "is not text"}}
	}
	return nil
}

// optional is a query parameter that can be left out; huma takes no pointers.
type optional[T any] struct {
	Value T
	given bool
}

// Schema is that of the value.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is where huma puts the value.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.Value).Elem() }

// OnParamSet is called by huma.
func (o *optional[T]) OnParamSet(given bool, _ any) { o.given = given }

// pointer is nil where the parameter was left out.
func (o optional[T]) pointer() *T {
	if !o.given {
		return nil
	}
	return &o.Value
}

// orNull is nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
