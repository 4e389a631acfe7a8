package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client asks connectd. It is safe for concurrent use.
type Client struct {
	baseURL   string
	authorize func(*http.Request) // holds the key where no print of a Client shows it
	http      *http.Client
	retries   int
}

// Option changes what New makes.
type Option func(*Client)

// WithHTTPClient has requests made by h. Its time-out has to be longer than 20 s where a Replica follows, whose requests wait
// at the server.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithRetries says how often a read is tried again; 3 times unless set.
func WithRetries(n int) Option { return func(c *Client) { c.retries = n } }

// New makes a client of the connectd at baseURL, with an API key of its own (ck_…). Whatever is wrong with either is the error
// of the first request.
func New(baseURL, apiKey string, options ...Option) *Client {
	c := &Client{
		baseURL:   strings.TrimRight(baseURL, "/"),
		authorize: func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+apiKey) },
		http:      &http.Client{Transport: newTransport()},
		retries:   3,
	}
	for _, option := range options {
		option(c)
	}
	return c
}

// newTransport notices when the other side of an HTTP/2 connection has gone, as HTTP/1.1 does by a request's time-out.
func newTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := standard.Clone()
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}
	return t
}

// mostSellers is what one request may ask for.
const mostSellers = 1000

// Readiness asks whether the seller can transact. One whom connectd does not know is not_connected; with an error it is the
// zero Readiness, which can't transact.
func (c *Client) Readiness(ctx context.Context, sellerID string) (Readiness, error) {
	return c.readiness(ctx, sellerID, "")
}

// ReadinessWithin asks as Readiness does, and for an answer that Stripe gave no longer ago than maxAge: where what connectd knows
// is older it asks Stripe, for two seconds at most, and with 0 always. What Stripe does not confirm in time can't transact; its
// first reason is not_confirmed.
func (c *Client) ReadinessWithin(ctx context.Context, sellerID string, maxAge time.Duration) (Readiness, error) {
	return c.readiness(ctx, sellerID, "?max_age="+maxAge.String())
}

func (c *Client) readiness(ctx context.Context, sellerID, query string) (Readiness, error) {
	r, err := read[Readiness](ctx, c, request{method: http.MethodGet, path: readinessPath(sellerID) + query})
	if err == nil {
		err = sameSeller(r, sellerID)
	}
	if err != nil {
		return Readiness{}, fmt.Errorf("readiness of %s: %w", sellerID, err)
	}
	return r, nil
}

func readinessPath(sellerID string) string {
	return "/v1/sellers/" + url.PathEscape(sellerID) + "/readiness"
}

// ReadinessBatch asks for many sellers, a thousand a request, and answers in the order asked.
func (c *Client) ReadinessBatch(ctx context.Context, sellerIDs []string) ([]Readiness, error) {
	all := make([]Readiness, 0, len(sellerIDs))
	for len(sellerIDs) > 0 {
		n := min(mostSellers, len(sellerIDs))
		some, err := c.batch(ctx, sellerIDs[:n])
		if err != nil {
			return nil, fmt.Errorf("readiness of %d sellers: %w", n, err)
		}
		all, sellerIDs = append(all, some...), sellerIDs[n:]
	}
	return all, nil
}

func (c *Client) batch(ctx context.Context, ids []string) ([]Readiness, error) {
	asked, err := json.Marshal(struct {
		SellerIDs []string `json:"seller_ids"`
	}{ids})
	if err != nil {
		return nil, err
	}
	answer, err := read[struct {
		Data []Readiness `json:"data"`
	}](ctx, c, request{method: http.MethodPost, path: "/v1/readiness", body: asked})
	if err != nil {
		return nil, err
	}
	if len(answer.Data) != len(ids) {
		return nil, fmt.Errorf("the answer has %d sellers of %d", len(answer.Data), len(ids))
	}
	for i, r := range answer.Data {
		if err := sameSeller(r, ids[i]); err != nil {
			return nil, err
		}
	}
	return answer.Data, nil
}

// sameSeller holds that the answer is of whom was asked for, whatever a proxy makes of a path.
func sameSeller(r Readiness, asked string) error {
	if r.SellerID != asked {
		return fmt.Errorf("the answer is of another seller (%q); does the base URL lead to connectd?", r.SellerID)
	}
	return nil
}

// OnboardingLinkParams is what a link is made of; only SellerID has to be there.
type OnboardingLinkParams struct {
	// SellerID is the platform's own id of the seller: 1 to 255 of A-Z a-z 0-9 . _ : @ -.
	SellerID string
	// Email is where the seller can be reached.
	Email string
	// ReturnURL is where the seller is sent afterwards: of an origin that connectd was told of (CONNECTD_RETURN_ORIGINS).
	ReturnURL string
	// ExpiresIn is how long the link works, in whole seconds; 7 days where it is 0, at most 30.
	ExpiresIn time.Duration
}

// OnboardingLink leads to the page where a seller connects a Stripe account. Who has it can connect one as the seller.
type OnboardingLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CreateOnboardingLink makes a link. It is tried once: a second try could make a second link.
func (c *Client) CreateOnboardingLink(ctx context.Context, params OnboardingLinkParams) (OnboardingLink, error) {
	body, err := json.Marshal(struct {
		SellerID  string `json:"seller_id"`
		Email     string `json:"email,omitempty"`
		ReturnURL string `json:"return_url,omitempty"`
		ExpiresIn int64  `json:"expires_in,omitempty"`
	}{params.SellerID, params.Email, params.ReturnURL, int64(params.ExpiresIn / time.Second)})
	if err != nil {
		return OnboardingLink{}, err
	}
	link, err := ask[OnboardingLink](ctx, c, request{method: http.MethodPost, path: "/v1/onboarding-links", body: body})
	if err != nil {
		return OnboardingLink{}, fmt.Errorf("create onboarding link for %s: %w", params.SellerID, err)
	}
	return link, nil
}

// request is one to connectd.
type request struct {
	method, path string
	body         []byte
	within       time.Duration // answerWithin where 0

	idempotencyKey string // "" for none
}

// answerWithin bounds an attempt, from dialing to the answer's last byte.
const answerWithin = 10 * time.Second

func (c *Client) build(ctx context.Context, q request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, q.method, c.baseURL+q.path, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	c.authorize(req)
	req.Header.Set("Accept", "application/json")
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", q.idempotencyKey)
	}
	return req, nil
}
