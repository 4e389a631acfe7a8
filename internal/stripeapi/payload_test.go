package stripeapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

// payload reads one of the real objects in the folder that CONNECTD_PAYLOADS names.
func payload(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("CONNECTD_PAYLOADS")
	if folder == "" {
		t.Skip("CONNECTD_PAYLOADS is not set: it names the folder of real payloads")
	}
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// accountOf takes the account out of an event, or what is an account itself.
func accountOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	var event struct {
		Data struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	if event.Data.Object == nil {
		return raw
	}
	return event.Data.Object
}

func TestRealAccountsAreJudged(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		id, name, country, currency string
		status                      account.Status
		canTransact, allowUnlink    bool
		firstReason                 account.Code
	}{
		"account.updated.json": {
			id: "acct_00000000000000", name: "Pay", country: "IE", currency: "eur",
			status: account.Enabled, canTransact: true,
		},
		"openapi-account.json": {
			id: "acct_1PgafTB7WZ01zgkW", country: "US", currency: "usd",
			status: account.Incomplete, allowUnlink: true, firstReason: account.CodeDetailsMissing,
		},
	}
	for file, tt := range tests {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			a, err := stripeapi.DecodeAccount(accountOf(t, payload(t, file)))
			if err != nil {
				t.Fatal(err)
			}
			f := a.Facts
			if a.ID != tt.id || f.DisplayName != tt.name || f.Country != tt.country || f.DefaultCurrency != tt.currency {
				t.Errorf("account %s %q %s %s", a.ID, f.DisplayName, f.Country, f.DefaultCurrency)
			}
			v := account.Judge(f, account.DefaultPolicy())
			if v.Status != tt.status || v.CanTransact != tt.canTransact || v.AllowUnlink != tt.allowUnlink {
				t.Errorf("status %s, can transact %t, allow unlink %t", v.Status, v.CanTransact, v.AllowUnlink)
			}
			if tt.firstReason != "" && (len(v.Reasons) == 0 || v.Reasons[0].Code != tt.firstReason) {
				t.Errorf("reasons %+v, want %s first", v.Reasons, tt.firstReason)
			}
		})
	}
}

func TestRealObjectsOfOtherKindsAreNoAccounts(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"checkout.session.completed.json", "openapi-product.json", "openapi-balance.json", "openapi-event.json",
		"openapi-account_link.json", "openapi-login_link.json", "openapi-checkout.session.json", "openapi-webhook_endpoint.json",
	} {
		if a, err := stripeapi.DecodeAccount(payload(t, file)); err == nil {
			t.Errorf("%s is taken for account %s", file, a.ID)
		}
	}
}
