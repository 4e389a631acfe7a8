package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// vector is the one of the Standard Webhooks libraries' own tests
// (github.com/standard-webhooks/standard-webhooks, libraries/go/webhook_test.go).
var vector = struct {
	secret, id, signature, body string
	signed                      time.Time
}{
	secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
	signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", body: `{"test": 2432232314}`,
	signed: time.Unix(1614265330, 0),
}

// otherSignature is one that fits nothing.
const otherSignature = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

func signedHeader() http.Header {
	header := http.Header{}
	header.Set("webhook-id", vector.id)
	header.Set("webhook-timestamp", strconv.FormatInt(vector.signed.Unix(), 10))
	header.Set("webhook-signature", vector.signature)
	return header
}

func TestSignaturesAreStandardWebhooks(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	del := func(name string) func(http.Header) { return func(h http.Header) { h.Del(name) } }
	for name, c := range map[string]struct {
		change func(http.Header)
		secret string
		body   string
		after  time.Duration
		want   error
	}{
		"as it was sent":            {},
		"a secret without whsec_":   {secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		"one of several signatures": {change: set("webhook-signature", otherSignature+" v2,abc "+vector.signature+" "+otherSignature)},
		"a header for each signature": {change: func(h http.Header) {
			h["Webhook-Signature"] = []string{otherSignature, vector.signature}
		}},
		"five minutes old":      {after: 5 * time.Minute},
		"five minutes ahead":    {after: -5 * time.Minute},
		"no id":                 {change: del("webhook-id"), want: ErrSignature},
		"no timestamp":          {change: del("webhook-timestamp"), want: ErrSignature},
		"no signature":          {change: del("webhook-signature"), want: ErrSignature},
		"an empty signature":    {change: set("webhook-signature", "v1,"), want: ErrSignature},
		"another signature":     {change: set("webhook-signature", otherSignature), want: ErrSignature},
		"without its version":   {change: set("webhook-signature", vector.signature[3:]), want: ErrSignature},
		"another version":       {change: set("webhook-signature", "v2"+vector.signature[2:]), want: ErrSignature},
		"another id":            {change: set("webhook-id", "msg_1"), want: ErrSignature},
		"another timestamp":     {change: set("webhook-timestamp", "1614265331"), want: ErrSignature},
		"another body":          {body: `{"test": 2432232315}`, want: ErrSignature},
		"another secret":        {secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", want: ErrSignature},
		"more than five old":    {after: 5*time.Minute + time.Second, want: ErrTimestamp},
		"more than five to be":  {after: -5*time.Minute - time.Second, want: ErrTimestamp},
		"signed in another era": {after: 200 * 365 * 24 * time.Hour, want: ErrTimestamp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, secret, body := signedHeader(), vector.secret, vector.body
			if c.change != nil {
				c.change(header)
			}
			if c.secret != "" {
				secret = c.secret
			}
			if c.body != "" {
				body = c.body
			}
			e, err := verifyEvent(secret, header, []byte(body), vector.signed.Add(c.after))
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if (e.ID == vector.id) != (c.want == nil) {
				t.Errorf("event %q", e.ID)
			}
		})
	}
}

func TestSecretsHaveToBeSecrets(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "whsec_", "whsec_***", "ck_test_1"} {
		if _, err := verifyEvent(secret, signedHeader(), []byte(vector.body), vector.signed); err == nil {
			t.Errorf("%q was taken for a secret", secret)
		}
	}
}

// signedNow signs the body as connectd does.
func signedNow(t *testing.T, body string) http.Header {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(vector.secret[len("whsec_"):])
	if err != nil {
		t.Fatal(err)
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("evt_1." + at + "." + body))
	header := http.Header{}
	header.Set("webhook-id", "evt_1")
	header.Set("webhook-timestamp", at)
	header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return header
}

func verified(t *testing.T, body string) Event {
	t.Helper()
	e, err := VerifyEvent(vector.secret, signedNow(t, body), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEventsAreTyped(t *testing.T) {
	t.Parallel()
	e := verified(t, `{"type": "seller.readiness.changed", "timestamp": "2027-01-01T00:00:00Z", "sequence": 7,
		"data": {"seller_id": "shop-42", "can_transact": false, "status": "restricted", "previous": {"can_transact": true}}}`)
	if e.ID != "evt_1" || e.Sequence != 7 || e.Seller == nil || e.Seller.SellerID != "shop-42" ||
		string(e.Seller.Previous["can_transact"]) != "true" || e.Checkout != nil || e.Scan != nil {
		t.Errorf("a seller's event: %+v, %+v", e, e.Seller)
	}
	e = verified(t, `{"type": "checkout.paid", "data": {"seller_id": "shop-42", "amount_total": 500}}`)
	if e.Checkout == nil || *e.Checkout.AmountTotal != 500 || e.Seller != nil {
		t.Errorf("a paid Checkout: %+v", e)
	}
	e = verified(t, `{"type": "scan.finished", "data": {"id": "1", "checked": 3}}`)
	if e.Scan == nil || e.Scan.Checked != 3 {
		t.Errorf("a finished scan: %+v", e)
	}
	e = verified(t, `{"type": "something.new", "data": {"x": 1}}`)
	if e.Seller != nil || e.Checkout != nil || e.Scan != nil || string(e.Data) != `{"x": 1}` {
		t.Errorf("a type not known yet: %+v", e)
	}
}

func TestEventsThatCannotBeReadAreErrors(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `[]`, `{"type": "seller.connected", "data": []}`, `{"type": "seller.connected"}`} {
		if e, err := VerifyEvent(vector.secret, signedNow(t, body), []byte(body)); err == nil {
			t.Errorf("%s: %+v", body, e)
		}
	}
}
