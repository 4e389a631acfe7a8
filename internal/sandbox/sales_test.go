package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"github.com/connectd/connectd/internal/sandbox"
)

func TestStripeGoSellsOnAnAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	api := s.stripeGo(s.Platform().Key)
	id := s.account("complete")
	product := &stripe.ProductParams{Name: stripe.String("Tea")}
	product.SetStripeAccount(id)
	tea, err := api.Products.New(product)
	if err != nil {
		t.Fatal(err)
	}
	params := &stripe.CheckoutSessionParams{
		Mode: stripe.String("payment"), SuccessURL: stripe.String("https://a.example/{CHECKOUT_SESSION_ID}"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(2),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String("eur"), Product: stripe.String(tea.ID), UnitAmount: stripe.Int64(1250),
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{ApplicationFeeAmount: stripe.Int64(100)},
		Metadata:          map[string]string{"userId": "seller-1"},
	}
	params.SetStripeAccount(id)
	session, err := api.CheckoutSessions.New(params)
	if err != nil {
		t.Fatal(err)
	}
	if session.AmountTotal != 2500 || session.Currency != "eur" || session.Status != "open" || session.PaymentIntent != nil {
		t.Errorf("session: %+v", session)
	}
	paid := s.do(s.request(http.MethodPost, strings.TrimPrefix(session.URL, s.URL()), ""))
	if want := "https://a.example/" + session.ID; paid.status != http.StatusSeeOther || paid.header.Get("Location") != want {
		t.Errorf("paying on its page: %d, to %q", paid.status, paid.header.Get("Location"))
	}
	retrieve := &stripe.CheckoutSessionParams{}
	retrieve.SetStripeAccount(id)
	retrieve.AddExpand("payment_intent")
	retrieve.AddExpand("line_items")
	done, err := api.CheckoutSessions.Get(session.ID, retrieve)
	if err != nil {
		t.Fatal(err)
	}
	if done.PaymentStatus != "paid" || done.Status != "complete" || done.PaymentIntent.ApplicationFeeAmount != 100 ||
		done.PaymentIntent.Status != "succeeded" || done.LineItems.Data[0].Description != "Tea" || done.URL != "" {
		t.Errorf("paid session: %+v, payment %+v", done, done.PaymentIntent)
	}
	var kinds []string
	var last delivered
	for range 3 {
		last = rec.next()
		kinds = append(kinds, last.Type)
	}
	if diff := cmp.Diff([]string{"product.created", "price.created", "checkout.session.completed"}, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if last.Account != id || last.Data.Object["id"] != session.ID || last.Data.Object["amount_total"] != 2500.0 {
		t.Errorf("event of the payment: %s", last.Body)
	}
}

func TestObjectsOfOneAccountAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.stripeGo(s.Platform().Key)
	own, err := api.Products.New(&stripe.ProductParams{Name: stripe.String("Platform's"), ID: stripe.String("mine")})
	if err != nil || own.ID != "mine" {
		t.Fatalf("%+v %v", own, err)
	}
	onAccount := &stripe.ProductParams{}
	onAccount.SetStripeAccount(s.account("complete"))
	_, err = api.Products.Get("mine", onAccount)
	if e := stripeError(t, err); e.Code != stripe.ErrorCodeResourceMissing || e.HTTPStatusCode != http.StatusNotFound {
		t.Errorf("platform's product seen from an account: %v", err)
	}
	_, err = api.Products.New(&stripe.ProductParams{Name: stripe.String("Again"), ID: stripe.String("mine")})
	if e := stripeError(t, err); e.Code != stripe.ErrorCodeResourceAlreadyExists {
		t.Errorf("the same id again: %v", err)
	}
}

func TestSandboxMakesFinishedCheckouts(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	s.control("/sandbox/checkout", `{"account":"`+id+`","amount":4200,"currency":"usd","paid":true,"metadata":{"userId":"u"}}`)
	s.control("/sandbox/checkout", `{"account":"`+id+`","amount":4200,"currency":"usd","paid":false}`)
	first, second := rec.next(), rec.next()
	got := []any{
		first.Type, first.Account, first.Data.Object["payment_status"], first.Data.Object["amount_total"], first.Data.Object["metadata"],
		second.Type, second.Data.Object["payment_status"], second.Data.Object["status"],
	}
	want := []any{
		"checkout.session.completed", id, "paid", 4200.0,
		map[string]any{"userId": "u"},
		"checkout.session.completed", "unpaid", "complete",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestSellingIsRefusedByName(t *testing.T) {
	t.Parallel()
	s := start(t)
	const line = "&line_items[0][quantity]=1&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=5" +
		"&line_items[0][price_data][product_data][name]=a"
	const session = "mode=payment&success_url=https://a.example" + line
	for name, test := range map[string]struct{ path, form, param, code string }{
		"product without a name":   {"/v1/products", "active=true", "name", "parameter_missing"},
		"product of no name":       {"/v1/products", "name=", "name", "parameter_invalid_empty"},
		"unknown nested parameter": {"/v1/products", "name=a&package_dimensions[hight]=1", "package_dimensions[hight]", "parameter_unknown"},
		"missing nested parameter": {"/v1/products", "name=a&package_dimensions[height]=1", "package_dimensions[length]", "parameter_missing"},
		"price without a currency": {"/v1/prices", "unit_amount=1&product=p", "currency", "parameter_missing"},
		"price of no product":      {"/v1/prices", "unit_amount=1&currency=usd", "product", "parameter_missing"},
		"price of an unknown one":  {"/v1/prices", "unit_amount=1&currency=usd&product=prod_none", "product", "resource_missing"},
		"price by a word":          {"/v1/prices", "unit_amount=much&currency=usd", "unit_amount", "parameter_invalid_integer"},
		"price of no currency":     {"/v1/prices", "unit_amount=1&currency=zzz&product_data[name]=a", "currency", ""},
		"price of too much":        {"/v1/prices", "unit_amount=100000000&currency=usd&product_data[name]=a", "unit_amount", "amount_too_large"},
		"decimal of too much":      {"/v1/prices", "unit_amount_decimal=99999999.5&currency=usd&product_data[name]=a", "unit_amount_decimal", "amount_too_large"},
		"line of no currency":      {"/v1/checkout/sessions", strings.Replace(session, "usd", "zzz", 1), "line_items[0][price_data][currency]", ""},
		"line of too much":         {"/v1/checkout/sessions", strings.Replace(session, "quantity]=1", "quantity]=20000000", 1), "line_items[0][quantity]", "amount_too_large"},
		"session for nobody":       {"/v1/checkout/sessions", session + "&customer_email=nope", "customer_email", "email_invalid"},
		"method of nobody":         {"/v1/payment_methods", "type=card&card[token]=tok_visa&billing_details[email]=a@b", "billing_details[email]", "email_invalid"},
		"account of nobody":        {"/v1/accounts", "type=express&email=A <a@b.example>", "email", "email_invalid"},
		"account of nowhere":       {"/v1/accounts", "type=express&country=ZZ", "country", "country_code_invalid"},
		"company of nowhere":       {"/v1/accounts", "type=custom&company[address][country]=USA", "company[address][country]", "country_code_invalid"},
		"account of no currency":   {"/v1/accounts", "type=custom&default_currency=zzz", "default_currency", ""},
		"session without lines":    {"/v1/checkout/sessions", "mode=payment&success_url=https://a.example", "line_items", "parameter_missing"},
		"session without a mode":   {"/v1/checkout/sessions", "success_url=https://a.example" + line, "mode", "parameter_missing"},
		"session without a way":    {"/v1/checkout/sessions", "mode=payment" + line, "success_url", "parameter_missing"},
		"session in a wrong mode":  {"/v1/checkout/sessions", "mode=barter&success_url=https://a.example" + line, "mode", ""},
		"session of no price": {
			"/v1/checkout/sessions", "mode=payment&success_url=https://a.example&line_items[0][price]=price_none&line_items[0][quantity]=1",
			"line_items[0][price]", "resource_missing",
		},
		"fee of the platform's own": {
			"/v1/checkout/sessions", session + "&payment_intent_data[application_fee_amount]=1",
			"payment_intent_data[application_fee_amount]", "",
		},
		"method without a type":   {"/v1/payment_methods", "card[token]=tok_visa", "type", "parameter_missing"},
		"method of no such token": {"/v1/payment_methods", "type=card&card[token]=tok_none", "card[token]", "resource_missing"},
		"link without a type":     {"/v1/account_links", "account=acct_1", "type", "parameter_missing"},
		"what can't be expanded":  {"/v1/products", "name=a&expand[]=colour", "expand", ""},
		"account of a wrong type": {"/v1/accounts", "type=grand", "type", ""},
		"wrong capability":        {"/v1/accounts", "type=custom&capabilities[flying][requested]=true", "capabilities[flying]", "parameter_unknown"},
		"event type of no kind":   {"/v1/webhook_endpoints", "url=https://a.example&enabled_events[]=a.b", "enabled_events[0]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := s.api(http.MethodPost, test.path, test.form)
			var refused struct {
				Error struct{ Param, Code, Type, Message string }
			}
			a.into(t, &refused)
			e := refused.Error
			if a.status != http.StatusBadRequest || e.Param != test.param || e.Code != test.code ||
				e.Type != "invalid_request_error" || e.Message == "" {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestWhatWasSoldSurvivesAKill(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/state.jsonl"
	s := startWith(t, sandbox.Config{StateFile: path})
	id := s.account("complete")
	var session struct{ ID string }
	s.control("/sandbox/checkout", `{"account":"`+id+`","amount":1}`).into(t, &session)
	product := s.api(http.MethodPost, "/v1/products", "name=Kept").body
	gone := s.api(http.MethodPost, "/v1/products", "name=Gone&id=gone")
	s.api(http.MethodDelete, "/v1/products/gone", "")
	if err := s.AddMail(t.Context(), sandbox.Mail{To: "a@b.example", Subject: "Hello"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // once from the lines as they came, once from the short form that the first start has written
		copied := s.stateFile(path)
		again := open(t, sandbox.Config{StateFile: copied})
		again.stop()
		again = open(t, sandbox.Config{StateFile: copied})
		list := again.api(http.MethodGet, "/v1/products", "").body
		if !strings.Contains(list, product) || strings.Contains(list, gone.body) {
			t.Errorf("products: %s", list)
		}
		mails := again.do(again.request(http.MethodGet, "/sandbox/mail", "")).body
		if !strings.Contains(mails, `"subject":"Hello"`) {
			t.Errorf("mails: %s", mails)
		}
		req := again.request(http.MethodGet, "/v1/checkout/sessions/"+session.ID, "")
		req.Header.Set("Authorization", "Bearer "+again.Platform().Key)
		req.Header.Set("Stripe-Account", id)
		if a := again.do(req); a.status != http.StatusOK || !strings.Contains(a.body, `"payment_status":"paid"`) {
			t.Errorf("session: %d %s", a.status, a.body)
		}
		again.stop()
	}
}

func TestSessionExpiresByTheClock(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := newReceiver(t, always(http.StatusOK))
	if _, err := s.EnsureWebhookEndpoint(t.Context(), sandbox.WebhookEndpoint{
		URL: rec.server.URL, EnabledEvents: []string{"checkout.session.expired"},
	}); err != nil {
		t.Fatal(err)
	}
	s.api(http.MethodPost, "/v1/checkout/sessions", "mode=payment&success_url=https://a.example&line_items[0][quantity]=1"+
		"&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=5&line_items[0][price_data][product_data][name]=a")
	s.control("/sandbox/clock", `{"advance":"`+(25*time.Hour).String()+`"}`)
	if e := rec.next(); e.Data.Object["status"] != "expired" {
		t.Errorf("event: %s", e.Body)
	}
}
