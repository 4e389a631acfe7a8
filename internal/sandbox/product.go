package sandbox

// product is something that is sold (docs.stripe.com/api/products/object).
type product struct {
	ID                  string             `json:"id"`
	Object              string             `json:"object"`
	Active              bool               `json:"active"`
	Created             int64              `json:"created"`
	DefaultPrice        *string            `json:"default_price"`
	Description         *string            `json:"description"`
	Features            []productFeature   `json:"features"`
	Images              []string           `json:"images"`
	Livemode            bool               `json:"livemode"`
	Metadata            map[string]string  `json:"metadata"`
	Name                string             `json:"name"`
	PackageDimensions   *packageDimensions `json:"package_dimensions"`
	Shippable           *bool              `json:"shippable"`
	StatementDescriptor *string            `json:"statement_descriptor"`
	TaxCode             *string            `json:"tax_code"`
	UnitLabel           *string            `json:"unit_label"`
	Updated             int64              `json:"updated"`
	URL                 *string            `json:"url"`
}

type productFeature struct {
	Name string `json:"name"`
}

// packageDimensions are in inches and ounces.
type packageDimensions struct {
	Height float64 `json:"height"`
	Length float64 `json:"length"`
	Weight float64 `json:"weight"`
	Width  float64 `json:"width"`
}

func (p product) identity() string { return p.ID }

func newProduct(now int64) product {
	return product{
		ID: "prod_" + randomText(14), Object: "product", Active: true, Created: now, Updated: now,
		Features: []productFeature{}, Images: []string{}, Metadata: map[string]string{},
	}
}

// assign takes over what the form gives.
func (p *product) assign(form *parameter) error {
	form.assignBool("active", &p.Active)
	form.assignText("description", &p.Description)
	form.assignOptionalBool("shippable", &p.Shippable)
	form.assignText("statement_descriptor", &p.StatementDescriptor)
	form.assignText("tax_code", &p.TaxCode)
	form.assignText("unit_label", &p.UnitLabel)
	form.assignText("url", &p.URL)
	if form.field("name") != nil {
		p.Name = form.value("name")
	}
	if err := p.assignLists(form); err != nil {
		return err
	}
	p.assignDimensions(form.field("package_dimensions"))
	var err error
	p.Metadata, err = mergedMetadata(p.Metadata, form)
	return err
}

func (p *product) assignLists(form *parameter) error {
	if given := form.field("features"); given != nil {
		p.Features = []productFeature{}
		for _, item := range given.list() {
			p.Features = append(p.Features, productFeature{item.value("name")})
		}
	}
	given := form.field("images")
	if given == nil {
		return nil
	}
	p.Images = []string{}
	if given.isText { // an empty text clears
		return nil
	}
	images, err := form.texts("images")
	p.Images = append(p.Images, images...)
	return err
}

func (p *product) assignDimensions(given *parameter) {
	switch {
	case given == nil:
	case given.isText:
		p.PackageDimensions = nil
	default:
		p.PackageDimensions = &packageDimensions{
			Height: given.decimal("height"), Length: given.decimal("length"),
			Weight: given.decimal("weight"), Width: given.decimal("width"),
		}
	}
}
