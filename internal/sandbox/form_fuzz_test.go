package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzFormIsDecodedOrRefused(f *testing.F) {
	for _, seed := range []string{
		"", "a=1", "a[b][c]=1", "a[]=1&a[]=2", "a[0][b]=1&a[1][b]=2", "a[][b]=1&a[][c]=2&a[][b]=3", "a=1&a[b]=2", "a[b]=1&a[]=2",
		"a[", "a]=1", "[a]=1", "a[b]c=1", "a%5Bb%5D=1", "a=%zz", "a=%ff", "a=%00", "&&&", "=", "a[b=1", "a[[b]]=1",
		strings.Repeat("a[b]", 40) + "=1", "a" + strings.Repeat("[b]", 40) + "=1", strings.Repeat("a[]=1&", 500),
	} {
		f.Add(seed)
	}
	incomplete, _ := personaNamed("incomplete")
	acct := &account{ID: "acct_1", Persona: incomplete, Type: express}
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := decodeForm(raw)
		var refusal *apiError
		if err != nil {
			if !errors.As(err, &refusal) || refusal.status != http.StatusBadRequest || refusal.message == "" {
				t.Fatalf("refused without Stripe's words: %v", err)
			}
			return
		}
		again, err := decodeForm(raw)
		if err != nil || again.fingerprint() != form.fingerprint() {
			t.Fatalf("the same text was decoded differently: %v", err)
		}
		for name, op := range operationRules() {
			if err := op.check("", form); err != nil && (!errors.As(err, &refusal) || refusal.message == "") {
				t.Fatalf("%s refused without Stripe's words: %v", name, err)
			}
		}
		for _, name := range form.names() {
			_, _ = form.texts(name)
			_, _ = form.boolean(name)
			_, _ = form.integer(name, 0)
		}
		before, err := acct.document()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := assignAccount(before, form); err != nil && !errors.As(err, &refusal) {
			t.Fatalf("assigned without Stripe's words: %v", err)
		}
	})
}

func TestNestedKeysAreDecoded(t *testing.T) {
	t.Parallel()
	form, err := decodeForm("a[b][c]=1&list[]=x&list[]=y&rows[1][n]=two&rows[0][n]=one&pairs[][k]=1&pairs[][v]=2&pairs[][k]=3&t=a+b%26&t=last")
	if err != nil {
		t.Fatal(err)
	}
	list, err := form.texts("list")
	if err != nil || strings.Join(list, " ") != "x y" {
		t.Errorf("list: %v %v", list, err)
	}
	rows, pairs := form.field("rows").list(), form.field("pairs").list()
	got := []string{
		form.field("a").field("b").value("c"), rows[0].value("n"), rows[1].value("n"),
		pairs[0].value("k"), pairs[0].value("v"), pairs[1].value("k"), form.value("t"),
	}
	if want := "1 one two 1 2 3 last"; strings.Join(got, " ") != want {
		t.Errorf("decoded %q, want %q", strings.Join(got, " "), want)
	}
}

// FuzzRequestsAreAnsweredInStripesEnvelope asks endpoints with any body at all.
func FuzzRequestsAreAnsweredInStripesEnvelope(f *testing.F) {
	for _, seed := range []string{
		"", "name=a", "line_items[0][price]=x&mode=payment", "line_items=&mode=payment&success_url=https://a.example", "a[[[]]]",
		"metadata[a][b]=c", "metadata=a", "capabilities[transfers]=1", "created[gte]=x", "expand[]=a.b.c.d.e", "expand=a", "%ff=%zz",
		"currency=usd&unit_amount=-1&product_data[name]=a", "currency=usd&unit_amount_decimal=1e999&product_data[name]=a",
		"custom_unit_amount[enabled]=true&currency=usd&product_data[name]=a", "settings[payouts][schedule][delay_days]=minimum",
		"package_dimensions[height]=nan", "type=card&card[number]=1", "external_account[object]=bank_account",
		strings.Repeat("metadata[k]=v&", 70_000), strings.Repeat("a", 1<<20), strings.Repeat("images[]=x&", 90_000),
	} {
		for path := range 6 {
			f.Add(path, seed)
		}
	}
	s, err := Start(f.Context(), Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Stop(f.Context()) })
	own := s.Platform()
	a := account{ID: "acct_1fuzz", Type: custom, Platforms: []string{own.Account}}
	if err := s.state.update(func(tx *transaction) error { tx.putAccount(a); return nil }); err != nil {
		f.Fatal(err)
	}
	paths := []string{
		"/v1/accounts", "/v1/accounts/acct_1fuzz", "/v1/products", "/v1/prices", "/v1/checkout/sessions", "/v1/payment_methods",
	}
	f.Fuzz(func(t *testing.T, path int, body string) {
		r := httptest.NewRequest(http.MethodPost, paths[uint(path)%uint(len(paths))], strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+own.Key)
		w := httptest.NewRecorder()
		s.server.Handler.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusOK && json.Valid(w.Body.Bytes()):
		case w.Code >= 400 && w.Code < 500 && strings.HasPrefix(w.Body.String(), `{"error":{`):
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
