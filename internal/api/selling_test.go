package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
)

// made is what tests read of Stripe's products and Checkout sessions.
type made struct {
	ID, Object, Name, Description, URL, Mode, Currency string
	Images                                             []string
	Metadata                                           map[string]string
	AmountTotal                                        int64   `json:"amount_total"`
	SuccessURL                                         string  `json:"success_url"`
	CancelURL                                          *string `json:"cancel_url"`
	ClientReferenceID                                  *string `json:"client_reference_id"`
}

// sell asks for something to be made on s1's account, under an Idempotency-Key unless it is "".
func (s server) sell(what, key, body string) answer {
	s.t.Helper()
	req := newRequest(s.t, http.MethodPost, s.url+"/v1/sellers/s1/"+what, body)
	req.Header.Set("Authorization", "Bearer "+s.key)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	got := send(s.t, req)
	conform(s.t, req, got)
	return got
}

func madeBy(a answer) made {
	a.t.Helper()
	var m made
	if err := json.Unmarshal(a.body, &m); err != nil || a.status != http.StatusCreated {
		a.t.Fatalf("%d %s, want 201 and Stripe's object: %v", a.status, a.body, err)
	}
	return m
}

// sent is what the sandbox was asked to make.
type sent struct {
	Path, Account  string
	IdempotencyKey string `json:"idempotency_key"`
	Status         int
}

func (s server) sent() []sent {
	s.t.Helper()
	got := send(s.t, newRequest(s.t, http.MethodGet, s.box.URL()+"/sandbox/requests", ""))
	var all []struct {
		Method string
		sent
	}
	if err := json.Unmarshal(got.body, &all); err != nil {
		s.t.Fatal(err)
	}
	var posts []sent
	for _, r := range all {
		if r.Method == http.MethodPost {
			posts = append(posts, r.sent)
		}
	}
	return posts
}

// feeOf pays the session and says which fee the payment had.
func (s server) feeOf(accountID, sessionID string) *int64 {
	s.t.Helper()
	var paid struct {
		PaymentIntent string `json:"payment_intent"`
	}
	if err := json.Unmarshal(s.control("checkout", fmt.Sprintf(`{"account":%q,"session":%q}`, accountID, sessionID)), &paid); err != nil {
		s.t.Fatal(err)
	}
	req := newRequest(s.t, http.MethodGet, s.box.URL()+"/v1/payment_intents/"+paid.PaymentIntent, "")
	req.Header.Set("Authorization", "Bearer "+s.box.Platform().Key)
	req.Header.Set("Stripe-Account", accountID)
	var intent struct {
		Fee *int64 `json:"application_fee_amount"`
	}
	if err := json.Unmarshal(send(s.t, req).body, &intent); err != nil {
		s.t.Fatal(err)
	}
	return intent.Fee
}

func (s server) isDue(accountID string) (due bool) {
	s.t.Helper()
	const sql = "select coalesce(next_check_at <= now(), false) from accounts where id = $1"
	if err := s.pool.QueryRow(context.WithoutCancel(s.t.Context()), sql, accountID).Scan(&due); err != nil {
		s.t.Fatal(err)
	}
	return due
}

// line is one of price_data, in euros unless said otherwise.
func line(amount, quantity int64, currency string) string {
	return fmt.Sprintf(`{"quantity":%d,"price_data":{"currency":%q,"unit_amount":%d,"product_data":{"name":"Clay"}}}`, quantity, currency, amount)
}

// session is a body of a Checkout session, with fields beside its lines.
func session(fields string, lines ...string) string {
	return `{"line_items":[` + strings.Join(lines, ",") + `],"success_url":"https://shop.test/paid?id={CHECKOUT_SESSION_ID}"` + fields + `}`
}

func TestAProductIsMadeOnTheSellersAccount(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	got := madeBy(s.sell("products", "order-1", `{"name":"Clay pot","description":"Red","images":["https://shop.test/pot.png"],
		"url":"https://shop.test/pot","metadata":{"sku":"pot-7"}}`))
	if diff := cmp.Diff(made{
		ID: got.ID, Object: "product", Name: "Clay pot", Description: "Red", URL: "https://shop.test/pot",
		Images: []string{"https://shop.test/pot.png"}, Metadata: map[string]string{"sku": "pot-7", "userId": "s1"},
	}, got); diff != "" || !strings.HasPrefix(got.ID, "prod_") {
		t.Error(got.ID, diff)
	}
	if diff := cmp.Diff([]sent{{"/v1/products", id, "order-1", http.StatusOK}}, s.sent()); diff != "" {
		t.Error(diff)
	}
}

func TestACheckoutSessionIsMadeOnTheSellersAccount(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	got := madeBy(s.sell("checkout-sessions", "order-1", session(`,"cancel_url":"https://shop.test/basket",
		"application_fee_percent":15,"metadata":{"order":"7"},"client_reference_id":"order-7"`, line(1990, 2, "eur"), line(3, 1, "EUR"))))
	cancel, order := "https://shop.test/basket", "order-7"
	if diff := cmp.Diff(made{
		ID: got.ID, Object: "checkout.session", Mode: "payment", Currency: "eur", AmountTotal: 3983,
		SuccessURL: "https://shop.test/paid?id={CHECKOUT_SESSION_ID}", CancelURL: &cancel, ClientReferenceID: &order,
		Metadata: map[string]string{"order": "7", "userId": "s1"}, URL: got.URL,
	}, got); diff != "" || got.URL == "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]sent{{"/v1/checkout/sessions", id, "order-1", http.StatusOK}}, s.sent()); diff != "" {
		t.Error(diff)
	}
	if fee := s.feeOf(id, got.ID); fee == nil || *fee != 597 { // 597.45
		t.Errorf("fee %v, want 597", fee)
	}
}

func TestASellerWhoCanNotTransactIsRefusedWithTheReasons(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	body := map[string]string{"products": `{"name":"Clay"}`, "checkout-sessions": session("", line(100, 1, "eur"))}
	refused := func(reason string) {
		t.Helper()
		for what, body := range body {
			p := wantProblem(s.sell(what, "", body), http.StatusConflict, "cannot_transact")
			if len(p.Reasons) == 0 || p.Reasons[0].Code != reason || p.Reasons[0].Who == "" || p.Stripe != nil {
				t.Errorf("%s: reasons %+v, stripe %+v, want %s", what, p.Reasons, p.Stripe, reason)
			}
		}
	}
	refused("not_connected")
	id := s.connect("s1", "restricted")
	refused("charges_disabled")
	decodeAny(s.post("/v1/accounts/"+id+"/unlink", `{"force":true}`), http.StatusOK)
	refused("disconnected")
	for _, r := range s.sent() {
		if r.Path != "/oauth/deauthorize" {
			t.Errorf("Stripe was asked: %+v", r)
		}
	}
}

func TestAnAccountThatIsGoneAtStripeIsRefusedAndDue(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	s.control("accounts/"+id+"/deauthorize?silent=1", `{}`)
	p := wantProblem(s.sell("products", "", `{"name":"Clay"}`), http.StatusConflict, "cannot_transact")
	if len(p.Reasons) != 1 || p.Reasons[0].Code != "not_confirmed" {
		t.Errorf("reasons %+v", p.Reasons)
	}
	if p.Stripe == nil || p.Stripe.Code != "account_invalid" || p.Stripe.RequestID == "" {
		t.Errorf("stripe %+v", p.Stripe)
	}
	if !s.isDue(id) {
		t.Error("the account is not due")
	}
	select {
	case <-s.registry.DueNow():
	default:
		t.Error("nobody was woken to check it")
	}
	if _, err := s.scanner.Tick(t.Context(), s.now()); err != nil {
		t.Fatal(err)
	}
	p = wantProblem(s.sell("products", "", `{"name":"Clay"}`), http.StatusConflict, "cannot_transact")
	if p.Reasons[0].Code != "disconnected" || p.Stripe != nil {
		t.Errorf("after the check: reasons %+v, stripe %+v", p.Reasons, p.Stripe)
	}
}

// TestStripesRefusalsKeepTheirWords: those that blame no parameter are about the account, and it is looked at.
func TestStripesRefusalsKeepTheirWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	for _, c := range []struct {
		name, fault string
		status      int
		code        string
		stripe      string // the code; "none" where Stripe said nothing
		due         bool
	}{
		{"no charges", `"status":400`, 422, "stripe_refused", "invalid_request_error", true},
		{"not activated", `"status":400,"code":"testmode_charges_only"`, 422, "stripe_refused", "testmode_charges_only", true},
		{"a card's refusal", `"status":402,"code":"card_declined"`, 422, "stripe_refused", "card_declined", true},
		{"the key is in use", `"status":409,"code":"idempotency_key_in_use"`, 502, "stripe_error", "idempotency_key_in_use", false},
		{"too many requests", `"status":429`, 429, "stripe_busy", "rate_limit", false},
		{"a lock", `"status":429,"code":"lock_timeout"`, 429, "stripe_busy", "lock_timeout", false},
		{"a wrong key", `"status":401`, 502, "stripe_error", "invalid_request_error", false},
		{"a key without the permission", `"status":403,"code":"more_permissions_required"`, 502, "stripe_error", "more_permissions_required", false},
		{"a fault", `"status":500`, 502, "stripe_error", "api_error", false},
		{"out of service", `"status":503`, 502, "stripe_error", "api_error", false},
		{"no answer", `"drop":true`, 502, "stripe_unanswered", "none", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			settle(t, s, id)
			s.control("faults", `[{"method":"POST","path":"/v1/products",`+c.fault+`}]`)
			got := s.sell("products", "", `{"name":"Clay"}`)
			got.t = t
			p := wantProblem(got, c.status, c.code)
			if c.stripe == "none" {
				if p.Stripe != nil {
					t.Errorf("stripe %+v", p.Stripe)
				}
			} else if p.Stripe == nil || p.Stripe.Code != c.stripe || p.Stripe.RequestID == "" || p.Stripe.Message == "" {
				t.Errorf("stripe %+v, want %s", p.Stripe, c.stripe)
			}
			if due := s.isDue(id); due != c.due {
				t.Errorf("due: %v", due)
			}
			if wait := got.header.Get("Retry-After"); (wait != "") != (c.status == http.StatusTooManyRequests) {
				t.Errorf("Retry-After %q", wait)
			}
		})
	}
}

// settle has the account be due in a day.
func settle(t *testing.T, s server, accountID string) {
	t.Helper()
	const sql = "update accounts set next_check_at = now() + interval '1 day', claimed_until = null where id = $1"
	if _, err := s.pool.Exec(t.Context(), sql, accountID); err != nil {
		t.Fatal(err)
	}
}

func TestStripesRefusalOfAParameterSaysWhere(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	settle(t, s, id)
	for _, c := range []struct{ what, body, param, location string }{
		{"products", `{"name":"` + strings.Repeat("é", 4999) + `x","metadata":{"a":"` + strings.Repeat("x", 500) + `"},"images":[""]}`, "", ""},
		{"checkout-sessions", session("", `{"quantity":1,"price":"price_none"}`), "line_items[0][price]", "body.line_items[0].price"},
		{"checkout-sessions", session("", line(100, 1, "eur"), line(1e9, 1, "eur")), "line_items[1][price_data][unit_amount]", "body.line_items[1].price_data.unit_amount"},
		{"checkout-sessions", session("", line(100, 1, "xxx")), "line_items[0][price_data][currency]", "body.line_items[0].price_data.currency"},
	} {
		got := s.sell(c.what, "", c.body)
		if c.param == "" {
			madeBy(got)
			continue
		}
		p := wantProblem(got, http.StatusUnprocessableEntity, "stripe_refused", c.location)
		if p.Stripe == nil || p.Stripe.Param != c.param || p.Stripe.RequestID == "" {
			t.Errorf("stripe %+v, want %s", p.Stripe, c.param)
		}
	}
	if s.isDue(id) {
		t.Error("a mistake of the caller's has made the account due")
	}
}

func TestAnIdempotencyKeyMakesOneOfTwoRequests(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	settle(t, s, id)
	longest := strings.Repeat("k", 255)
	body := session(`,"application_fee_percent":12.5`, line(1001, 1, "eur"))
	s.control("faults", `[{"path":"/v1/checkout/sessions","drop":true}]`)
	wantProblem(s.sell("checkout-sessions", longest, body), http.StatusBadGateway, "stripe_unanswered")
	s.control("faults", `[]`)
	first, second := madeBy(s.sell("checkout-sessions", longest, body)), madeBy(s.sell("checkout-sessions", longest, body))
	if first.ID != second.ID {
		t.Errorf("two sessions: %s and %s", first.ID, second.ID)
	}
	p := wantProblem(s.sell("checkout-sessions", longest, session("", line(1001, 1, "eur"))), http.StatusUnprocessableEntity, "stripe_refused")
	if p.Stripe.Code != "idempotency_error" || s.isDue(id) {
		t.Errorf("stripe %+v, due %v", p.Stripe, s.isDue(id))
	}
	wantProblem(s.sell("checkout-sessions", longest+"k", body), http.StatusUnprocessableEntity, "invalid", "header.Idempotency-Key")
	wantProblem(s.sell("checkout-sessions", "clé", body), http.StatusUnprocessableEntity, "invalid", "header.Idempotency-Key")
	if fee := s.feeOf(id, first.ID); fee == nil || *fee != 125 { // 125.125
		t.Errorf("fee %v", fee)
	}
}

// TestAKeyIsOneSellers: at Stripe each account has its own.
func TestAKeyIsOneSellers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var ids []string
	for _, seller := range []string{"s1", "s2"} {
		s.connect(seller, "complete")
		req := newRequest(t, http.MethodPost, s.url+"/v1/sellers/"+seller+"/products", `{"name":"Clay"}`)
		req.Header.Set("Authorization", "Bearer "+s.key)
		req.Header.Set("Idempotency-Key", "order-7")
		product := madeBy(send(t, req))
		if ids = append(ids, product.ID); product.Metadata["userId"] != seller {
			t.Errorf("%s's product: %+v", seller, product)
		}
	}
	if ids[0] == ids[1] {
		t.Errorf("one product for two sellers: %s", ids[0])
	}
}

// TestEachRequestWithoutAKeyHasItsOwn, since net/http sends a request with a key again where a connection breaks.
func TestEachRequestWithoutAKeyHasItsOwn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	for range 2 {
		madeBy(s.sell("products", "", `{"name":"Clay"}`))
	}
	if asked := s.sent(); len(asked) != 2 || asked[0].IdempotencyKey == "" || asked[0].IdempotencyKey == asked[1].IdempotencyKey {
		t.Errorf("asked %+v", asked)
	}
}

// TestTheGuardGoesByTheDatabase: what another process has committed counts at once.
func TestTheGuardGoesByTheDatabase(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	other := s.beside()
	madeBy(other.sell("products", "", `{"name":"Clay"}`))
	decodeAny(s.post("/v1/accounts/"+id+"/unlink", `{"force":true}`), http.StatusOK)
	wantProblem(other.sell("products", "", `{"name":"Clay"}`), http.StatusConflict, "cannot_transact")
}

// TestAnErrorIsNeverAYes: where the verdict can't be read, Stripe is not asked.
func TestAnErrorIsNeverAYes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	for _, sql := range []string{
		`update sellers set readiness = '{"can_transact":"yes"}' where id = 's1'`,
		`update sellers set readiness = '{"can_transact":true}' where id = 's1'`, // on which account?
		`alter table sellers rename to away`,
	} {
		if _, err := s.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		if got := s.sell("products", "", `{"name":"Clay"}`); got.status < 400 {
			t.Errorf("%s: %d %s", sql, got.status, got.body)
		}
	}
	if asked := s.sent(); len(asked) > 0 {
		t.Errorf("Stripe was asked: %+v", asked)
	}
}

func TestSellingNeedsItsScope(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var others []access.Scope
	for _, scope := range access.Scopes() {
		if scope != access.SellingWrite {
			others = append(others, scope)
		}
	}
	weak := s.newKey(others...)
	for _, path := range []string{"/v1/sellers/s1/products", "/v1/sellers/s1/checkout-sessions"} {
		wantProblem(s.callAs(weak, http.MethodPost, path, `{`), http.StatusForbidden, "scope_too_small")
		wantProblem(s.callAs("", http.MethodPost, path, `{`), http.StatusUnauthorized, "unauthorized")
		wantProblem(s.get(path), http.StatusMethodNotAllowed, "method_not_allowed")
	}
	s.connect("s1", "complete")
	s.key = s.newKey(access.SellingWrite)
	madeBy(s.sell("products", "", `{"name":"Clay"}`))
}

// TestTheClientSells holds the Go client against the server.
func TestTheClientSells(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	c := client.New(s.url, s.key)
	product, err := c.CreateProduct(t.Context(), "s1", client.ProductParams{
		Name: "Clay", Description: "Red", Images: []string{"https://shop.test/1"}, URL: "https://shop.test", Metadata: map[string]string{"a": "b"},
	})
	if err != nil || !json.Valid(product.Stripe) {
		t.Fatal(product, err)
	}
	sale := client.CheckoutSessionParams{
		SuccessURL: "https://shop.test/paid", CancelURL: "https://shop.test/back", ApplicationFeePercent: 12.55,
		Metadata: map[string]string{"a": "b"}, ClientReferenceID: "order-7", IdempotencyKey: "order-7",
		LineItems: []client.LineItem{
			{Quantity: 2, PriceData: &client.PriceData{Currency: "eur", UnitAmount: 1000, Product: product.ID}},
			{Quantity: 1, PriceData: &client.PriceData{Currency: "eur", ProductData: &client.ProductData{
				Name: "A gift", Description: "Free", Images: []string{"https://shop.test/2"}, Metadata: map[string]string{"a": "b"},
			}}},
		},
	}
	session, err := c.CreateCheckoutSession(t.Context(), "s1", sale)
	if err != nil || session.AmountTotal != 2000 || session.Currency != "eur" || session.URL == "" {
		t.Fatalf("%+v, %v", session, err)
	}
	again, err := c.CreateCheckoutSession(t.Context(), "s1", sale)
	if err != nil || again.ID != session.ID {
		t.Errorf("%s, then %s: %v", session.ID, again.ID, err)
	}
	if fee := s.feeOf(id, session.ID); fee == nil || *fee != 251 {
		t.Errorf("fee %v", fee)
	}
	sale.IdempotencyKey, sale.LineItems = "", []client.LineItem{{Quantity: 1, Price: "price_none"}}
	sale.ApplicationFeePercent, sale.ApplicationFeeAmount = 0, 1
	_, err = c.CreateCheckoutSession(t.Context(), "s1", sale)
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Code != "stripe_refused" || e.Stripe.Param != "line_items[0][price]" || e.Stripe.RequestID == "" {
		t.Errorf("%v: %+v", err, e)
	}
}

// TestThePageOnSellingSellsWhatItSays: its example is sent as it stands there.
func TestThePageOnSellingSellsWhatItSays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	page, err := os.ReadFile("../../docs/selling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), " -d '")
	body, rest, _ := strings.Cut(after, "'\n")
	sold := madeBy(s.sell("checkout-sessions", "order-7", body))
	said := fmt.Sprintf("the platform keeps %d cents", *s.feeOf(id, sold.ID))
	if first, _, _ := strings.Cut(rest, "```"); !strings.Contains(first, said) {
		t.Errorf("%s, and the page says %s", said, first)
	}
}

func decodeAny(a answer, status int) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%d %s, want %d", a.status, a.body, status)
	}
}
