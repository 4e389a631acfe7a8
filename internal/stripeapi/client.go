// Package stripeapi is everything that connectd says to Stripe: the OAuth exchange and its end, the retrieval and the list
// of connected accounts, what is made on them, and the one parser of Stripe's account object, for retrievals and webhooks
// alike.
//
// It may import account, db (the budget's row) and tracing. Its one rule: a call is made at most once, ends in time, and
// says either what Stripe answered, with the interval of Stripe's clock in which that was true, or an *Error of a named
// kind; no key, code or token is in either, nor in a log. (Where a connection breaks that was used before, net/http sends a
// request again that changes nothing, or that has an Idempotency-Key; an exchange it can't.)
package stripeapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/connectd/connectd/internal/tracing"
)

const defaultTimeout = 10 * time.Second

// Config says whom to speak to, and as whom.
type Config struct {
	// SecretKey is the platform's key, sk_… or a restricted rk_…; required.
	SecretKey Secret
	// ClientID is the platform's OAuth client id, ca_…; authorizing and deauthorizing need it.
	ClientID string
	// APIBase and ConnectBase are where Stripe is; "" means https://api.stripe.com and https://connect.stripe.com.
	APIBase, ConnectBase string
	// Pacer has the calls of Turns wait, and hears of all others; nil: no call waits.
	Pacer Pacer
	// Asked hears of each call that was sent: its operation, why it failed ("" where it did not; KeyWrong only where it is the key
	// itself that is refused), and how long Stripe took. nil: nobody counts.
	Asked func(operation string, kind Kind, took time.Duration)
	// Timeout ends a call that Stripe does not answer; 0 means 10 seconds.
	Timeout time.Duration
	// Logger gets one debug line a call, without bodies; nil means slog.Default().
	Logger *slog.Logger
}

// Client speaks to Stripe as one platform. It is safe for concurrent use.
type Client struct {
	cfg      Config // without the key
	key      func() Secret
	livemode bool
	api      stripe.Backend
	connect  stripe.Backend              // on a transport that sends nothing twice
	wait     func(context.Context) error // for the next call's turn; nil: calls go at once
	idle     []*http.Transport
}

// New checks the settings and makes a client; nothing is sent yet. The error lists all that is wrong.
func New(cfg Config) (*Client, error) {
	cfg.APIBase = strings.TrimSuffix(cmp.Or(cfg.APIBase, stripe.APIURL), "/")
	cfg.ConnectBase = strings.TrimSuffix(cmp.Or(cfg.ConnectBase, stripe.ConnectURL), "/")
	cfg.Timeout = cmp.Or(cfg.Timeout, defaultTimeout)
	cfg.Pacer = cmp.Or[Pacer](cfg.Pacer, unpaced{})
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Asked == nil {
		cfg.Asked = func(string, Kind, time.Duration) {}
	}
	livemode, ok := ModeOf(string(cfg.SecretKey))
	if err := errors.Join(
		checkKey(ok), checkBase("API base", cfg.APIBase), checkBase("Connect base", cfg.ConnectBase),
	); err != nil {
		return nil, err
	}
	shared, once := sharedTransport(), sendOnceTransport()
	return &Client{
		cfg:      cfg.withoutKey(),
		key:      cfg.keeper(),
		livemode: livemode,
		api:      backend(stripe.APIBackend, cfg.APIBase, shared),
		connect:  backend(stripe.ConnectBackend, cfg.ConnectBase, once),
		idle:     []*http.Transport{shared, once},
	}, nil
}

func (cfg Config) withoutKey() Config {
	cfg.SecretKey = ""
	return cfg
}

// keeper holds the key where printing a Client can't reach it: fmt does not ask an unexported field to redact itself.
func (cfg Config) keeper() func() Secret {
	key := cfg.SecretKey
	return func() Secret { return key }
}

func checkKey(ok bool) error {
	if ok {
		return nil
	}
	return errors.New("the Stripe secret key must begin with sk_test_, sk_live_, rk_test_ or rk_live_")
}

func checkBase(name, base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("the Stripe %s must be an http or https URL", name)
	}
	return nil
}

// Livemode is the mode of the key.
func (c *Client) Livemode() bool { return c.livemode }

// Close closes idle connections; the client can still be used.
func (c *Client) Close() {
	for _, t := range c.idle {
		t.CloseIdleConnections()
	}
}

// backend is stripe-go's, with what its defaults get wrong for us switched off: it retries (an exchange too), sleeps
// without a look at the context, prints bodies and errors, and sends telemetry.
func backend(kind stripe.SupportedBackend, base string, transport http.RoundTripper) stripe.Backend {
	return stripe.GetBackendWithConfig(kind, &stripe.BackendConfig{
		URL:               stripe.String(base),
		HTTPClient:        &http.Client{Transport: recorder{next: tracing.Stripe(transport)}, CheckRedirect: noRedirect},
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
}
