package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

func priceOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/prices", run: listPrices},
		{method: http.MethodPost, path: "/v1/prices", run: createPrice},
		{method: http.MethodGet, path: "/v1/prices/{id}", run: retrievePrice},
		{method: http.MethodPost, path: "/v1/prices/{id}", run: updatePrice},
	}
}

func listPrices(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	keys, err := req.form.texts("lookup_keys")
	if err != nil {
		return nil, err
	}
	made, err := readTimeRange(req.form.field("created"))
	if err != nil {
		return nil, err
	}
	form := req.form
	return req.pageOf(tx.prices.pages("price", req.acting.ID, func(p *price) bool {
		return made.has(p.Created) && form.agrees("active", p.Active) && form.isOr("currency", p.Currency) &&
			form.isOr("product", p.Product) && form.isOr("type", p.Type) &&
			(keys == nil || p.LookupKey != nil && slices.Contains(keys, *p.LookupKey)) && p.recursAs(form.field("recurring"))
	}))
}

func (p *price) recursAs(wanted *parameter) bool {
	if wanted == nil {
		return true
	}
	return p.Recurring != nil && wanted.isOr("interval", p.Recurring.Interval) && wanted.isOr("usage_type", p.Recurring.UsageType)
}

// ownPrice is a price of the account that the request is about.
func (tx *transaction) ownPrice(req *apiRequest, param, id string, status int) (*price, error) {
	p := tx.prices.get(req.acting.ID, id)
	if p == nil {
		return nil, noSuch(status, param, "price", id)
	}
	return p, nil
}

func retrievePrice(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	p, err := tx.ownPrice(req, "price", req.pathID, http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	return encode(p)
}

func createPrice(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	p, err := tx.priceFrom(req, "", req.form)
	if err != nil {
		return nil, err
	}
	if err := tx.refuseTakenKey(req, p.LookupKey); err != nil {
		return nil, err
	}
	if err := tx.addPrice(req, p); err != nil {
		return nil, err
	}
	return encode(p)
}

// priceFrom is a new price of a product that there is or that comes with it; in names what its parameters are nested in.
func (tx *transaction) priceFrom(req *apiRequest, in string, form *parameter) (price, error) {
	data := form.field("product_data")
	switch {
	case form.value("product") != "" && data != nil:
		return price{}, badRequest("parameters_exclusive", nested(in, "product_data"),
			"You may only specify one of these parameters: product, product_data.")
	case form.value("product") != "":
		known, err := tx.ownProduct(req, nested(in, "product"), form.value("product"), http.StatusBadRequest)
		if err != nil {
			return price{}, err
		}
		return newPrice(tx.now.Unix(), known.ID, in, form)
	case data != nil:
		made := newProduct(tx.now.Unix())
		if err := made.assign(data); err != nil {
			return price{}, err
		}
		p, err := newPrice(tx.now.Unix(), made.ID, in, form)
		if err != nil {
			return p, err
		}
		return p, tx.addProduct(req, made)
	default:
		return price{}, badRequest("parameter_missing", nested(in, "product"),
			"You must specify either `product` or `product_data` when creating a price.")
	}
}

func (tx *transaction) addPrice(req *apiRequest, p price) error {
	tx.change.Prices = append(tx.change.Prices, owned[price]{req.acting.ID, p})
	return tx.tell(req, "price.created", p, nil)
}

func (tx *transaction) refuseTakenKey(req *apiRequest, key *string) error {
	if key == nil || req.form.isTrue("transfer_lookup_key") {
		return nil
	}
	for _, known := range tx.prices.all {
		if other := known.Object; known.Owner == req.acting.ID && other.LookupKey != nil && *other.LookupKey == *key {
			return badRequest("", "lookup_key", "A price (`%s`) already uses that lookup key.", other.ID)
		}
	}
	return nil
}

func updatePrice(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	was, err := tx.ownPrice(req, "price", req.pathID, http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	p := *was
	if err := p.assign(req.form); err != nil {
		return nil, err
	}
	tx.change.Prices = append(tx.change.Prices, owned[price]{req.acting.ID, p})
	return tx.tellUpdate(req, "price.updated", was, p)
}
