package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestWhatCanNotBeSoldIsRefusedWithWhereAndWhy, before anybody looks who sells: the seller is connected with no account.
func TestWhatCanNotBeSoldIsRefusedWithWhereAndWhy(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	clay := line(100, 1, "eur")
	data := func(fields string) string {
		return session("", `{"quantity":1,"price_data":{"currency":"eur",`+fields+`}}`)
	}
	for name, c := range map[string]struct {
		what, body string
		locations  []string
	}{
		"no name":                    {"products", `{}`, []string{"body.name"}},
		"an empty name":              {"products", `{"name":""}`, []string{"body.name"}},
		"a long name":                {"products", `{"name":"` + strings.Repeat("é", 5001) + `"}`, []string{"body.name"}},
		"a NUL in a name":            {"products", `{"name":"a\u0000b","description":"\u0000"}`, []string{"body.name", "body.description"}},
		"nine images":                {"products", `{"name":"a","images":[` + strings.Repeat(`"https://a.test",`, 8) + `"https://a.test"]}`, []string{"body.images"}},
		"an image that is nowhere":   {"products", `{"name":"a","images":["https://a.test","pot.png"]}`, []string{"body.images[1]"}},
		"a relative url":             {"products", `{"name":"a","url":"/pot"}`, []string{"body.url"}},
		"an unknown field":           {"products", `{"name":"a","active":true}`, []string{"body.active"}},
		"whose it is":                {"products", `{"name":"a","metadata":{"userId":"s1"}}`, []string{"body.metadata.userId"}},
		"a list as metadata":         {"products", `{"name":"a","metadata":["a"]}`, []string{"body.metadata"}},
		"a number as metadata":       {"products", `{"name":"a","metadata":{"a":7}}`, []string{"body.metadata.a"}},
		"metadata in metadata":       {"products", `{"name":"a","metadata":{"a[b":"x","":"y","b\u0000":"z"}}`, []string{"body.metadata.", "body.metadata.a[b", "body.metadata.b\x00"}},
		"a NUL in metadata":          {"products", `{"name":"a","metadata":{"a":"x\u0000"}}`, []string{"body.metadata.a"}},
		"long metadata":              {"products", `{"name":"a","metadata":{"a":"` + strings.Repeat("x", 501) + `","` + strings.Repeat("k", 41) + `":"x"}}`, []string{"body.metadata.a", "body.metadata." + strings.Repeat("k", 41)}},
		"metadata of fifty keys":     {"products", `{"name":"a","metadata":{` + manyKeys(50) + `}}`, []string{"body.metadata"}},
		"no lines":                   {"checkout-sessions", session(""), []string{"body.line_items"}},
		"many lines":                 {"checkout-sessions", session("", strings.Split(strings.Repeat(clay+";", 100)+clay, ";")...), []string{"body.line_items"}},
		"no success_url":             {"checkout-sessions", `{"line_items":[` + clay + `]}`, []string{"body.success_url"}},
		"an empty success_url":       {"checkout-sessions", `{"line_items":[` + clay + `],"success_url":""}`, []string{"body.success_url"}},
		"a success_url without host": {"checkout-sessions", `{"line_items":[` + clay + `],"success_url":"https:///paid"}`, []string{"body.success_url"}},
		"URLs of other schemes":      {"checkout-sessions", `{"line_items":[` + clay + `],"success_url":"javascript:alert(1)","cancel_url":"shop://a"}`, []string{"body.success_url", "body.cancel_url"}},
		"a mode":                     {"checkout-sessions", session(`,"mode":"subscription"`, clay), []string{"body.mode"}},
		"both fees":                  {"checkout-sessions", session(`,"application_fee_amount":1,"application_fee_percent":1`, clay), []string{"body.application_fee_percent"}},
		"a fee above the total":      {"checkout-sessions", session(`,"application_fee_amount":101`, clay), []string{"body.application_fee_amount"}},
		"a negative fee":             {"checkout-sessions", session(`,"application_fee_amount":-1`, clay), []string{"body.application_fee_amount"}},
		"a fee of half a cent":       {"checkout-sessions", session(`,"application_fee_amount":0.5`, clay), []string{"body.application_fee_amount"}},
		"a fee as text":              {"checkout-sessions", session(`,"application_fee_percent":"15"`, clay), []string{"body.application_fee_percent"}},
		"more than all":              {"checkout-sessions", session(`,"application_fee_percent":100.01`, clay), []string{"body.application_fee_percent"}},
		"less than nothing":          {"checkout-sessions", session(`,"application_fee_percent":-1`, clay), []string{"body.application_fee_percent"}},
		"three decimals":             {"checkout-sessions", session(`,"application_fee_percent":12.345`, clay), []string{"body.application_fee_percent"}},
		"an exponent of more":        {"checkout-sessions", session(`,"application_fee_percent":1e3`, clay), []string{"body.application_fee_percent"}},
		"percent of what Stripe knows": {
			"checkout-sessions", session(`,"application_fee_percent":15`, clay, `{"quantity":1,"price":"price_1"}`),
			[]string{"body.application_fee_percent"},
		},
		"no quantity":            {"checkout-sessions", session("", `{"price":"price_1"}`), []string{"body.line_items[0].quantity"}},
		"none":                   {"checkout-sessions", session("", line(1, 0, "eur")), []string{"body.line_items[0].quantity"}},
		"too many":               {"checkout-sessions", session("", clay, line(1, 1_000_000, "eur")), []string{"body.line_items[1].quantity"}},
		"half of one":            {"checkout-sessions", session("", `{"price":"price_1","quantity":0.5}`), []string{"body.line_items[0].quantity"}},
		"no price":               {"checkout-sessions", session("", `{"quantity":1}`), []string{"body.line_items[0].price"}},
		"two prices":             {"checkout-sessions", session("", `{"quantity":1,"price":"price_1",`+clay[len(`{"quantity":1,`):]), []string{"body.line_items[0].price"}},
		"every month":            {"checkout-sessions", data(`"unit_amount":1,"product":"prod_1","recurring":{"interval":"month"}`), []string{"body.line_items[0].price_data.recurring"}},
		"no amount":              {"checkout-sessions", data(`"product":"prod_1"`), []string{"body.line_items[0].price_data.unit_amount"}},
		"two amounts":            {"checkout-sessions", data(`"product":"prod_1","unit_amount":1,"unit_amount_decimal":"1"`), []string{"body.line_items[0].price_data.unit_amount"}},
		"a negative amount":      {"checkout-sessions", data(`"product":"prod_1","unit_amount":-1`), []string{"body.line_items[0].price_data.unit_amount"}},
		"an endless amount":      {"checkout-sessions", data(`"product":"prod_1","unit_amount":1e30`), []string{"body.line_items[0].price_data.unit_amount"}},
		"no product":             {"checkout-sessions", data(`"unit_amount":1`), []string{"body.line_items[0].price_data.product_data"}},
		"two products":           {"checkout-sessions", data(`"unit_amount":1,"product":"prod_1","product_data":{"name":"a"}`), []string{"body.line_items[0].price_data.product_data"}},
		"whose product it is":    {"checkout-sessions", data(`"unit_amount":1,"product_data":{"name":"a","metadata":{"userId":"s2"}}`), []string{"body.line_items[0].price_data.product_data.metadata.userId"}},
		"no currency":            {"checkout-sessions", session("", `{"quantity":1,"price_data":{"unit_amount":1,"product":"prod_1"}}`), []string{"body.line_items[0].price_data.currency"}},
		"two currencies":         {"checkout-sessions", session("", clay, line(1, 1, "usd")), []string{"body.line_items[1].price_data.currency"}},
		"a total without end":    {"checkout-sessions", session("", line(999_999_999_999, 1, "idr"), line(1, 1, "idr")), []string{"body.line_items[1]"}},
		"whose session it is":    {"checkout-sessions", session(`,"metadata":{"userId":"s2"}`, clay), []string{"body.metadata.userId"}},
		"a long reference":       {"checkout-sessions", session(`,"client_reference_id":"`+strings.Repeat("x", 201)+`"`, clay), []string{"body.client_reference_id"}},
		"null in place of lines": {"checkout-sessions", `{"line_items":[null],"success_url":"https://a.test"}`, []string{"body.line_items[0]", "body.line_items[0].price"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.sell(c.what, "", c.body)
			got.t = t
			wantProblem(got, http.StatusUnprocessableEntity, "invalid", c.locations...)
		})
	}
}

// TestAnIdempotencyKeyIsOneThatSaysSomething: whoever sends another believes in a protection that is not there.
func TestAnIdempotencyKeyIsOneThatSaysSomething(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, keys := range map[string][]string{
		"empty": {""}, "spaces": {"  "}, "two": {"order-7", "order-8"}, "the same twice": {"order-7", "order-7"}, "one of two": {"order-7", ""},
	} {
		req := newRequest(t, http.MethodPost, s.url+"/v1/sellers/s1/products", `{"name":"Clay"}`)
		req.Header = http.Header{"Authorization": {"Bearer " + s.key}, "Idempotency-Key": keys}
		t.Log(name)
		wantProblem(send(t, req), http.StatusUnprocessableEntity, "invalid", "header.Idempotency-Key")
	}
}

func manyKeys(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = `"` + strings.Repeat("k", i%10+1) + string(rune('a'+i/10)) + `":"x"`
	}
	return strings.Join(keys, ",")
}

// TestWhatIsAtTheBoundsIsSold: as much as Stripe takes.
func TestWhatIsAtTheBoundsIsSold(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	madeBy(s.sell("products", "", `{"name":"`+strings.Repeat("é", 5000)+`","metadata":{`+manyKeys(49)+`},"images":[]}`))
	for name, fields := range map[string]string{
		"no fee": "", "a fee of nothing": `,"application_fee_amount":0`, "all of it": `,"application_fee_percent":100.00`,
		"all of it by an exponent": `,"application_fee_percent":1e2`, "null is none": `,"metadata":{}`,
	} {
		sold := madeBy(s.sell("checkout-sessions", "", session(fields, line(100, 1, "jpy"))))
		fee := s.feeOf(id, sold.ID)
		if want := strings.HasPrefix(name, "all of it"); (fee != nil) != want || want && *fee != 100 {
			t.Errorf("%s: fee %v", name, fee)
		}
	}
	var many []string
	for range 100 {
		many = append(many, line(1, 1, "eur"))
	}
	if sold := madeBy(s.sell("checkout-sessions", "", session("", many...))); sold.AmountTotal != 100 {
		t.Errorf("%+v", sold)
	}
}

// TestWhatIsSoldByStripesOwnPrice has a product of the seller's and a price with decimals.
func TestWhatIsSoldByStripesOwnPrice(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	clay := madeBy(s.sell("products", "", `{"name":"Clay"}`))
	sold := madeBy(s.sell("checkout-sessions", "", session(`,"application_fee_amount":3`,
		`{"quantity":100,"price_data":{"currency":"eur","unit_amount_decimal":"0.123456789012","tax_behavior":"inclusive","product":"`+clay.ID+`"}}`)))
	if sold.AmountTotal != 12 {
		t.Errorf("%+v", sold)
	}
}
