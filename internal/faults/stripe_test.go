//go:build faults

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/processtest"
)

// stripe is the sandbox, with a state file, behind a gate that notes which codes are presented. One fault at a time uses it.
type stripe struct {
	t       *testing.T
	record  *Recorder
	args    []string
	ready   app.Ready
	gate    *httptest.Server
	process *processtest.Process

	mu   sync.Mutex
	runs []*processtest.Process
}

func newStripe(t *testing.T, record *Recorder, hooks string) *stripe {
	t.Helper()
	s := &stripe{t: t, record: record}
	s.args = []string{
		"sandbox", "--addr", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "--state", filepath.Join(t.TempDir(), "stripe.json"),
		"--forward-connect-to", hooks,
	}
	s.process, s.ready = connectd.Start(t, nil, s.args...)
	s.runs = append(s.runs, s.process)
	to, err := url.Parse(s.ready.SandboxURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newProxy(to)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // no answer is no answer
	s.gate = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/token" {
			proxy.ServeHTTP(w, r)
			return
		}
		s.exchange(proxy, w, r)
	}))
	return s
}

// exchange passes a code on, and notes it however that ends.
func (s *stripe) exchange(to http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	form, _ := url.ParseQuery(string(body)) // a sandbox that can't read it says so
	made := &Exchange{At: time.Now(), Code: hashOf(form.Get("code"))}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := &statusWriter{ResponseWriter: w}
	defer func() {
		made.Status = seen.status
		var grant struct {
			StripeUserID string `json:"stripe_user_id"`
		}
		_ = json.Unmarshal(seen.body.Bytes(), &grant) // one that is cut off names none
		made.Account = grant.StripeUserID
		s.record.Add(Line{Exchange: made})
	}()
	to.ServeHTTP(seen, r)
}

type statusWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(part []byte) (int, error) {
	w.body.Write(part)
	return w.ResponseWriter.Write(part)
}

// start starts it again on its state and waits until it answers.
func (s *stripe) start(ctx context.Context) error {
	process := connectd.Launch(s.t, nil, s.args...)
	s.mu.Lock()
	s.process, s.runs = process, append(s.runs, process)
	s.mu.Unlock()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); pause(ctx, 20*time.Millisecond) {
		if _, err := s.get(ctx, "/sandbox/stats"); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the sandbox does not answer after two minutes\n%s", tail(process.Log.String()))
}

func (s *stripe) kill() error {
	if err := s.process.Cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("the sandbox ended by itself: %w\n%s", err, tail(s.process.Log.String()))
	}
	<-s.process.Ended
	return nil
}

var takenLine = regexp.MustCompile(`\[200\]\s+\S*\s*(\S+) \[(evt_\w+)\]`)

// deliveries are what the sandbox says was answered 200.
func (s *stripe) deliveries() (all []Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		for _, found := range takenLine.FindAllStringSubmatch(run.Log.String(), -1) {
			all = append(all, Delivery{Type: found[1], Event: found[2]})
		}
	}
	return all
}

func (s *stripe) get(ctx context.Context, path string) ([]byte, error) {
	return s.ask(ctx, http.MethodGet, path, "")
}

func (s *stripe) control(ctx context.Context, path, body string) ([]byte, error) {
	return s.ask(ctx, http.MethodPost, "/sandbox/"+path, body)
}

// ask asks the sandbox itself, past the gate; an answer that is not 2xx is an error.
func (s *stripe) ask(ctx context.Context, method, path, body string, header ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.ready.SandboxURL+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.ready.PlatformKey)
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = &refusal{res.StatusCode, string(answer)}
	}
	return answer, err
}

// insist asks until the sandbox has answered.
func (s *stripe) insist(ctx context.Context, path, body string) error {
	for {
		_, err := s.control(ctx, path, body)
		if said, ok := errors.AsType[*refusal](err); err == nil || ctx.Err() != nil || ok && said.status < 500 {
			return err
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// connected are the accounts that Stripe lists.
func (s *stripe) connected(ctx context.Context) (ids []string, err error) {
	for after := ""; ; after = "&starting_after=" + ids[len(ids)-1] {
		answer, err := s.get(ctx, "/v1/accounts?limit=100"+after)
		if err != nil {
			return nil, err
		}
		var page struct {
			Data    []struct{ ID string }
			HasMore bool `json:"has_more"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, err
		}
		for _, a := range page.Data {
			ids = append(ids, a.ID)
		}
		if !page.HasMore {
			return ids, nil
		}
	}
}

// facts is what Stripe says of an account.
func (s *stripe) facts(ctx context.Context, id string) (Facts, error) {
	answer, err := s.get(ctx, "/v1/accounts/"+id)
	if said, ok := errors.AsType[*refusal](err); ok && (said.status == http.StatusForbidden || said.status == http.StatusNotFound) {
		return Facts{}, nil // it is not connected, or deleted
	}
	if err != nil {
		return Facts{}, err
	}
	var object struct {
		Facts
		Requirements struct {
			CurrentlyDue   []string `json:"currently_due"`
			PastDue        []string `json:"past_due"`
			DisabledReason string   `json:"disabled_reason"`
		} `json:"requirements"`
	}
	if err := json.Unmarshal(answer, &object); err != nil {
		return Facts{}, err
	}
	f := object.Facts
	f.Connected, f.CurrentlyDue, f.PastDue = true, object.Requirements.CurrentlyDue, object.Requirements.PastDue
	f.DisabledReason = object.Requirements.DisabledReason
	return f, nil
}
