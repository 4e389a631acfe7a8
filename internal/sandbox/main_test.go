package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/connectd/connectd/internal/sandbox"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(processVariable); path != "" {
		serveUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

// running is a sandbox and the platform that talks to it.
type running struct {
	*sandbox.Sandbox
	t      *testing.T
	client *http.Client
}

func start(t *testing.T) *running {
	t.Helper()
	return startWith(t, sandbox.Config{})
}

func startWith(t *testing.T, cfg sandbox.Config) *running {
	t.Helper()
	r := open(t, cfg)
	t.Cleanup(r.stop)
	return r
}

// open starts a sandbox that the test stops.
func open(t *testing.T, cfg sandbox.Config) *running {
	t.Helper()
	if cfg.RetryDelay == 0 {
		cfg.RetryDelay = 20 * time.Millisecond
	}
	s, err := sandbox.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start sandbox: %v", err)
	}
	return &running{Sandbox: s, t: t, client: &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (r *running) stop() {
	r.t.Helper()
	r.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		r.t.Errorf("stop sandbox: %v", err)
	}
}

// answer is a response whose body was read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("answer %d %s: %v", a.status, a.body, err)
	}
}

func (r *running) request(method, path, body string) *http.Request {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.URL()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatalf("make request: %v", err)
	}
	return req
}

func (r *running) do(req *http.Request) answer {
	r.t.Helper()
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatalf("%s %s: read answer: %v", req.Method, req.URL, err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// api asks Stripe's side with the platform's key.
func (r *running) api(method, path, form string) answer {
	r.t.Helper()
	req := r.request(method, path, form)
	req.Header.Set("Authorization", "Bearer "+r.Platform().Key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.do(req)
}

// control asks the sandbox's own side, which must agree.
func (r *running) control(path, body string) answer {
	r.t.Helper()
	a := r.do(r.request(http.MethodPost, path, body))
	if a.status != http.StatusOK {
		r.t.Fatalf("POST %s %s: %d %s", path, body, a.status, a.body)
	}
	return a
}

// account makes a connected account of the persona and answers its id.
func (r *running) account(persona string) string {
	r.t.Helper()
	var a struct{ ID string }
	r.control("/sandbox/accounts", `{"persona":"`+persona+`"}`).into(r.t, &a)
	return a.ID
}

// grant goes through OAuth's page as a seller who answers with choice, and gives what the platform got back.
func (r *running) grant(choice url.Values) url.Values {
	r.t.Helper()
	query := url.Values{
		"response_type": {"code"}, "client_id": {r.Platform().ClientID}, "scope": {"read_write"},
		"redirect_uri": {"https://platform.example/back?kept=1"}, "state": {"st"},
	}
	for name, texts := range choice {
		query[name] = texts
	}
	a := r.do(r.request(http.MethodGet, "/oauth/authorize?"+query.Encode(), ""))
	if a.status != http.StatusFound {
		r.t.Fatalf("authorize: %d %s", a.status, a.body)
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		r.t.Fatalf("authorize: %v", err)
	}
	return u.Query()
}

func (r *running) exchange(code string) answer {
	r.t.Helper()
	return r.api(http.MethodPost, "/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}}.Encode())
}

// delivered is a webhook as the receiver got it.
type delivered struct {
	Signature string
	Body      string
	ID        string
	Type      string
	Account   string
	Created   int64
	Data      struct {
		Object             map[string]any
		PreviousAttributes map[string]any `json:"previous_attributes"`
	}
}

// receiver is a platform's webhook endpoint. answer decides what it says to the n-th delivery, from 1.
type receiver struct {
	t      *testing.T
	server *httptest.Server
	secret string
	got    chan delivered
}

func (r *running) receiver(answer func(n int) int) *receiver {
	r.t.Helper()
	rec := newReceiver(r.t, answer)
	rec.register(r)
	return rec
}

func newReceiver(t *testing.T, answer func(n int) int) *receiver {
	t.Helper()
	rec := &receiver{t: t, got: make(chan delivered, 1000)}
	var mu sync.Mutex
	n := 0
	rec.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		body, _ := io.ReadAll(req.Body)
		d := delivered{Signature: req.Header.Get("Stripe-Signature"), Body: string(body)}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&d); err != nil {
			t.Errorf("delivery is not JSON: %v", err)
		}
		w.WriteHeader(answer(n))
		rec.got <- d
	}))
	t.Cleanup(rec.server.Close)
	return rec
}

func (rec *receiver) register(r *running) {
	rec.t.Helper()
	secret, err := r.EnsureWebhookEndpoint(rec.t.Context(), sandbox.WebhookEndpoint{
		URL: rec.server.URL, Connect: true, EnabledEvents: []string{"*"}, Description: "test",
	})
	if err != nil {
		rec.t.Fatalf("register endpoint: %v", err)
	}
	rec.secret = secret
}

func (rec *receiver) next() delivered {
	rec.t.Helper()
	select {
	case d := <-rec.got:
		return d
	case <-time.After(20 * time.Second):
		rec.t.Fatal("no delivery came")
		return delivered{}
	}
}

func always(status int) func(int) int {
	return func(int) int { return status }
}
