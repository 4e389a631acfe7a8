package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/connectd/connectd/internal/sandbox"
)

// stripe is the sandbox, with as many accounts as there are, all alike and with nothing due.
type stripe struct {
	sandbox *sandbox.Sandbox
	prefix  string // of the accounts' ids; a number of eight digits follows
}

func (r *run) openStripe(ctx context.Context) error {
	box, err := sandbox.Start(ctx, sandbox.Config{Logger: r.cfg.Logger})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, box.Stop)
	r.stripe = &stripe{sandbox: box}
	order := fmt.Appendf(nil, `{"persona":"complete","count":%d}`, r.n)
	var made struct{ First string }
	if err := r.stripe.ask(ctx, http.MethodPost, "/sandbox/accounts", order, &made); err != nil {
		return err
	}
	r.stripe.prefix = strings.TrimSuffix(made.First, "00000000")
	return nil
}

func (s *stripe) account(i int) string { return fmt.Sprintf("%s%08d", s.prefix, i) }

func (s *stripe) addr() string { return strings.TrimPrefix(s.sandbox.URL(), "http://") }

// object is what Stripe says of accounts.
type object map[string]any

// objects are an account as Stripe shows it, with charges on and off.
func (s *stripe) objects(ctx context.Context, id string) (shown [2][]byte, err error) {
	var on object
	if err := s.ask(ctx, http.MethodGet, "/v1/accounts/"+id, nil, &on); err != nil {
		return shown, err
	}
	off := maps.Clone(on)
	off["charges_enabled"] = false
	for i, o := range []object{on, off} {
		if shown[i], err = json.Marshal(o); err != nil {
			return shown, err
		}
	}
	return shown, nil
}

func (s *stripe) ask(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.sandbox.URL()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.sandbox.Platform().Key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the sandbox: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the sandbox for %s: %s", path, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}
