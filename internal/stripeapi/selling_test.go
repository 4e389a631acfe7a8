package stripeapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/stripeapi"
)

// onShop is what the tests sell on.
var onShop = stripeapi.On{AccountID: "acct_1", IdempotencyKey: "order 7"}

// asked is what Stripe was asked.
type asked struct {
	Path, Account, Key string
	Form               url.Values
}

// listening answers with the object, and keeps what it was asked.
func listening(t *testing.T, object string, into *asked) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		*into = asked{r.Method + " " + r.URL.Path, r.Header.Get("Stripe-Account"), r.Header.Get("Idempotency-Key"), form}
		answering(http.StatusOK, object)(w, r)
	}
}

func TestAProductIsSentAsStripeDocumentsIt(t *testing.T) {
	t.Parallel()
	var got asked
	client := newClient(t, listening(t, `{"id":"prod_1","object":"product"}`, &got))
	made, err := client.CreateProduct(t.Context(), onShop, stripeapi.Product{
		Name: "Clay & glaze", Description: "Red\n", Images: []string{"https://a.test/1?x=1&y=2", "https://a.test/2"}, URL: "https://a.test",
		Metadata: map[string]string{"userId": "s1", "empty": ""},
	})
	if err != nil || made.ID != "prod_1" || string(made.Object) != `{"id":"prod_1","object":"product"}` {
		t.Errorf("%+v, %v", made, err)
	}
	if diff := cmp.Diff(asked{"POST /v1/products", "acct_1", "order 7", url.Values{
		"name": {"Clay & glaze"}, "description": {"Red\n"}, "images[0]": {"https://a.test/1?x=1&y=2"}, "images[1]": {"https://a.test/2"},
		"url": {"https://a.test"}, "metadata[userId]": {"s1"}, "metadata[empty]": {""},
	}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestACheckoutSessionIsSentAsStripeDocumentsIt(t *testing.T) {
	t.Parallel()
	var got asked
	client := newClient(t, listening(t, `{"id":"cs_1"}`, &got))
	amount, nothing := int64(999_999_999_999), int64(0)
	_, err := client.CreateCheckoutSession(t.Context(), onShop, stripeapi.Checkout{
		SuccessURL: "https://a.test/{CHECKOUT_SESSION_ID}", CancelURL: "https://a.test/back", ClientReferenceID: "order-7",
		Metadata: map[string]string{"userId": "s1"}, Payment: stripeapi.Payment{ApplicationFeeAmount: 150},
		LineItems: []stripeapi.LineItem{
			{Quantity: 1, Price: "price_1"},
			{Quantity: 2, PriceData: &stripeapi.PriceData{Currency: "eur", UnitAmount: &amount, TaxBehavior: "inclusive", Product: "prod_1"}},
			{Quantity: 3, PriceData: &stripeapi.PriceData{Currency: "eur", UnitDecimal: "0.123456789012", ProductData: &stripeapi.ProductData{
				Name: "Clay", Description: "Red", TaxCode: "txcd_1", Images: []string{"https://a.test/1"}, Metadata: map[string]string{"a": "b"},
			}}},
			{Quantity: 4, PriceData: &stripeapi.PriceData{Currency: "eur", UnitAmount: &nothing, Product: "prod_1"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	line := func(n, field string) string { return "line_items[" + n + "]" + field }
	if diff := cmp.Diff(asked{"POST /v1/checkout/sessions", "acct_1", "order 7", url.Values{
		"mode": {"payment"}, "success_url": {"https://a.test/{CHECKOUT_SESSION_ID}"}, "cancel_url": {"https://a.test/back"},
		"client_reference_id": {"order-7"}, "metadata[userId]": {"s1"}, "payment_intent_data[application_fee_amount]": {"150"},
		line("0", "[quantity]"): {"1"}, line("0", "[price]"): {"price_1"},
		line("1", "[quantity]"): {"2"}, line("1", "[price_data][currency]"): {"eur"}, line("1", "[price_data][unit_amount]"): {"999999999999"},
		line("1", "[price_data][tax_behavior]"): {"inclusive"}, line("1", "[price_data][product]"): {"prod_1"},
		line("2", "[quantity]"): {"3"}, line("2", "[price_data][currency]"): {"eur"},
		line("2", "[price_data][unit_amount_decimal]"):       {"0.123456789012"},
		line("2", "[price_data][product_data][name]"):        {"Clay"},
		line("2", "[price_data][product_data][description]"): {"Red"},
		line("2", "[price_data][product_data][tax_code]"):    {"txcd_1"},
		line("2", "[price_data][product_data][images][0]"):   {"https://a.test/1"},
		line("2", "[price_data][product_data][metadata][a]"): {"b"},
		line("3", "[quantity]"):                              {"4"}, line("3", "[price_data][currency]"): {"eur"},
		line("3", "[price_data][unit_amount]"): {"0"}, line("3", "[price_data][product]"): {"prod_1"},
	}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestNothingIsMadeTwiceWhereAConnectionBreaks: net/http sends such a request again, under the same Idempotency-Key; nobody
// else does.
func TestNothingIsMadeTwiceWhereAConnectionBreaks(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]stripeapi.On{"the caller's key": onShop, "no key": {AccountID: "acct_1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startStripe(t)
			on.AccountID = s.connect(t, "complete")
			if _, err := s.Account(t.Context(), on.AccountID); err != nil { // the connection is used before
				t.Fatal(err)
			}
			s.meet(t, `[{"path":"/v1/products","drop":true,"times":1}]`)
			made, err := s.CreateProduct(t.Context(), on, stripeapi.Product{Name: "Clay"})
			if err != nil {
				if e := stripeError(t, err); e.Kind != stripeapi.Unreachable {
					t.Fatal(err)
				}
			}
			if on.IdempotencyKey != "" {
				again, err := s.CreateProduct(t.Context(), on, stripeapi.Product{Name: "Clay"})
				if err != nil || made.ID != "" && again.ID != made.ID {
					t.Errorf("%s, then %s: %v", made.ID, again.ID, err)
				}
			}
			if products := s.products(t, on.AccountID); len(products) != 1 {
				t.Errorf("%d products were made: %v", len(products), products)
			}
		})
	}
}

// products are the ids of those on an account.
func (s stripe) products(t *testing.T, accountID string) (ids []string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.sandbox.URL()+"/v1/products", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.sandbox.Platform().Key)
	req.Header.Set("Stripe-Account", accountID)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Data {
		ids = append(ids, p.ID)
	}
	return ids
}

// TestMadeAnswersThatCanNotBeUsed: the object may have been made.
func TestMadeAnswersThatCanNotBeUsed(t *testing.T) {
	t.Parallel()
	for _, object := range []string{``, `{`, `{}`, `{"id":""}`, `{"id":7}`, `[]`, `null`} {
		var calls atomic.Int64
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			answering(http.StatusOK, object)(w, r)
		})
		made, err := client.CreateProduct(t.Context(), onShop, stripeapi.Product{Name: "Clay"})
		if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || made.ID != "" || calls.Load() != 1 {
			t.Errorf("%q: %+v, %v, after %d calls", object, made, err, calls.Load())
		}
	}
}

func TestARefusalNamesTheParameter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status   int
		param    string
		declined bool
	}{
		{400, `,"param":"line_items[0][price]"`, true},
		{402, ``, true},
		{404, `,"param":"id"`, false},
		{409, ``, false},
		{403, ``, false},
		{500, ``, false},
		{400, `,"param":null`, true},
	} {
		client := newClient(t, answering(c.status, `{"error":{"type":"invalid_request_error","message":"No."`+c.param+`}}`))
		_, err := client.CreateProduct(t.Context(), onShop, stripeapi.Product{Name: "Clay"})
		e := stripeError(t, err)
		if said := `,"param":"` + e.Param + `"`; e.Declined() != c.declined || e.Param != "" && said != c.param || e.Param == "" && strings.Contains(c.param, `:"`) {
			t.Errorf("%d %s: param %q, declined %v", c.status, c.param, e.Param, e.Declined())
		}
		if !strings.HasPrefix(e.Error(), "make a product on account acct_1: ") {
			t.Errorf("%v", e)
		}
	}
}
