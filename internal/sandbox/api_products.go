package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

func productOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/products", run: listProducts},
		{method: http.MethodPost, path: "/v1/products", run: createProduct},
		{method: http.MethodGet, path: "/v1/products/{id}", run: retrieveProduct},
		{method: http.MethodPost, path: "/v1/products/{id}", run: updateProduct},
		{method: http.MethodDelete, path: "/v1/products/{id}", run: deleteProduct},
	}
}

func listProducts(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	ids, err := req.form.texts("ids")
	if err != nil {
		return nil, err
	}
	made, err := readTimeRange(req.form.field("created"))
	if err != nil {
		return nil, err
	}
	form := req.form
	return req.pageOf(tx.products.pages("product", req.acting.ID, func(p *product) bool {
		return made.has(p.Created) && form.agrees("active", p.Active) &&
			form.agrees("shippable", p.Shippable != nil && *p.Shippable) &&
			(ids == nil || slices.Contains(ids, p.ID)) &&
			(form.field("url") == nil || p.URL != nil && *p.URL == form.value("url"))
	}))
}

// ownProduct is a product of the account that the request is about.
func (tx *transaction) ownProduct(req *apiRequest, param, id string, status int) (*product, error) {
	p := tx.products.get(req.acting.ID, id)
	if p == nil {
		return nil, noSuch(status, param, "product", id)
	}
	return p, nil
}

func retrieveProduct(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	p, err := tx.ownProduct(req, "id", req.pathID, http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	return encode(p)
}

func createProduct(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	p := newProduct(tx.now.Unix())
	if id := req.form.value("id"); id != "" {
		if tx.products.get(req.acting.ID, id) != nil {
			return nil, badRequest("resource_already_exists", "id", "Product already exists.")
		}
		p.ID = id
	}
	if err := p.assign(req.form); err != nil {
		return nil, err
	}
	if given := req.form.field("default_price_data"); given != nil {
		first, err := newPrice(tx.now.Unix(), p.ID, "default_price_data", given)
		if err != nil {
			return nil, err
		}
		p.DefaultPrice = &first.ID
		if err := tx.addPrice(req, first); err != nil {
			return nil, err
		}
	}
	if err := tx.addProduct(req, p); err != nil {
		return nil, err
	}
	return encode(p)
}

func (tx *transaction) addProduct(req *apiRequest, p product) error {
	tx.change.Products = append(tx.change.Products, owned[product]{req.acting.ID, p})
	return tx.tell(req, "product.created", p, nil)
}

func updateProduct(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	was, err := tx.ownProduct(req, "id", req.pathID, http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	p := *was
	if err := p.assign(req.form); err != nil {
		return nil, err
	}
	if id := req.form.value("default_price"); id != "" {
		price, err := tx.ownPrice(req, "default_price", id, http.StatusBadRequest)
		if err != nil {
			return nil, err
		}
		p.DefaultPrice = &price.ID
	}
	p.Updated = tx.now.Unix()
	tx.change.Products = append(tx.change.Products, owned[product]{req.acting.ID, p})
	return tx.tellUpdate(req, "product.updated", was, p)
}

func deleteProduct(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	p, err := tx.ownProduct(req, "id", req.pathID, http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	for _, known := range tx.prices.all {
		if known.Owner == req.acting.ID && known.Object.Product == p.ID {
			return nil, badRequest("", "id", "This product cannot be deleted because it has one or more user-created prices.")
		}
	}
	tx.change.RemovedProducts = append(tx.change.RemovedProducts, owned[string]{req.acting.ID, p.ID})
	if err := tx.tell(req, "product.deleted", p, nil); err != nil {
		return nil, err
	}
	return encode(deletedObject{ID: p.ID, Object: "product", Deleted: true})
}
