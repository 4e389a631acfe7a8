package stripeapi_test

import (
	"net/http"
	"testing"
)

// Whatever version the platform's account has, events come in the one that is read in full.
func TestEndpointIsMadeForThePinnedVersion(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("api_version") != "2023-10-16" || r.FormValue("connect") != "true" {
			t.Errorf("asked for %v", r.Form)
		}
		answering(200, `{"id":"we_1","object":"webhook_endpoint","application":"ca_1","status":"enabled","secret":"whsec_1"}`)(w, r)
	})
	made, err := client.CreateWebhookEndpoint(t.Context(), "https://connectd.test/api/connectWebhook", []string{"account.updated"})
	if err != nil || made.ID != "we_1" || !made.Connect || !made.Enabled {
		t.Errorf("made %+v, %v", made, err)
	}
}
