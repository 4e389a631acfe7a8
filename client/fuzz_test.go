package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/connectd/connectd/client"
)

// FuzzVerifyEvent: nothing that was not signed is an event, whatever its header and body say.
func FuzzVerifyEvent(f *testing.F) {
	f.Add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", "1795771800", "v1,AAAA", []byte(`{"type":"seller.connected","data":{}}`))
	f.Add("whsec_", "", "", "", []byte(`{`))
	f.Add("\xff", "a.b", "-9223372036854775808", "v1, v1a,x v1,", []byte(`null`))
	f.Fuzz(func(t *testing.T, secret, id, timestamp, signature string, body []byte) {
		header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		if event, err := client.VerifyEvent(secret, header, body); err == nil {
			t.Errorf("%+v is taken", event)
		}
	})
}

// FuzzAnswers: whatever answers in connectd's place, none of it is a yes that it does not spell out, and nothing panics.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"seller_id":"s1","can_transact":true}`))
	f.Add(200, []byte(`{"seller_id":"s2","can_transact":true}`))
	f.Add(429, []byte(`{"code":"rate_limited","status":429,"errors":[{"location":"body"}]}`))
	f.Add(502, []byte(`<html>`))
	f.Add(422, []byte(`{"code":7}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}))
		defer server.Close()
		got, err := client.New(server.URL, "ck_test_x", client.WithRetries(0)).Readiness(t.Context(), "s1")
		if err == nil && (status/100 != 2 || got.SellerID != "s1") || err != nil && got.CanTransact {
			t.Errorf("%d %s: %+v (%v)", status, body, got, err)
		}
	})
}
