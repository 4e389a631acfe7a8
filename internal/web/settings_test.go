package web_test

import (
	"net/http"
	"testing"

	"github.com/connectd/connectd/internal/web"
)

// someSettings are one of each kind.
var someSettings = []web.SettingGroup{
	{Title: "Stripe", Settings: []web.Setting{
		{Name: "STRIPE_SECRET_KEY", Flag: "--stripe-secret-key", Hidden: true, From: "the environment", Help: "The platform's secret key."},
		{Name: "CONNECTD_STRIPE_RATE", Flag: "--stripe-rate", Value: "50", From: "the command line", Default: "20", Help: "Calls to Stripe a second."},
	}},
	{Title: "Database", Settings: []web.Setting{
		{Name: "DATABASE_URL", Flag: "--database-url", Hidden: true, Value: "db.example:5432", From: ".env.production", Help: "Postgres."},
		{Flag: "--data-dir", From: "the default", Help: "Where the embedded Postgres keeps its data."},
		{Name: "CONNECTD_GAP", Flag: "--gap", Value: "1h", From: "the default", Default: "1h", Help: "How long."},
	}},
}

func TestSettingsSayWhatIsInForceAndWhereItComesFrom(t *testing.T) {
	t.Parallel()
	newSite(t).signedIn().get("/admin/settings").want(http.StatusOK).shows(
		"STRIPE_SECRET_KEY --stripe-secret-key set, hidden from the environment The platform's secret key.",
		"50 from the command line; the default is 20", "set, hidden but for the host db.example:5432 from .env.production",
		"--data-dir not set Where", "1h from the default How long.",
	)
}
