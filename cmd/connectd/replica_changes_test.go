package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/connectd/connectd/internal/walktest"
)

// changer makes changes of accounts of its own, one after the other, through the balancer and through Stripe.
type changer struct {
	*world
	name    string
	rand    *rand.Rand
	ids     []string          // accounts
	sellers map[string]string // who holds an account, or held it last
	made    int
	client  http.Client // follows no redirect
}

func (w *world) newChanger(n int, ids []string) *changer {
	c := &changer{world: w, name: fmt.Sprintf("c%d", n), rand: rand.New(rand.NewPCG(uint64(n), w.seed)), sellers: map[string]string{}}
	c.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, id := range ids {
		c.ids = append(c.ids, id)
		c.sellers[id] = ask[string](w.fleet, `select seller_id from accounts where id = $1`, id)[0]
	}
	return c
}

// changes are what may happen to an account, each so often.
var changes = []struct {
	name   string
	weight int
	make   func(*changer, string) error
}{
	{"webhook", 60, (*changer).change},
	{"recheck", 10, (*changer).changeAndRecheck},
	{"check that confirms", 10, (*changer).recheck},
	{"due for a scan", 8, (*changer).changeAndFallDue},
	{"deauthorization, and a new connection", 3, (*changer).reconnect},
	{"unlink by force, and a new connection", 2, (*changer).relink},
	{"reassignment", 4, (*changer).reassign},
	{"erasure of a former seller", 2, (*changer).erase},
	{"a new seller", 1, (*changer).connectNew},
}

// run makes changes until ctx ends.
func (c *changer) run(ctx context.Context, counts *happenings) error {
	total := 0
	for _, change := range changes {
		total += change.weight
	}
	for ctx.Err() == nil {
		at := c.rand.IntN(total)
		for _, change := range changes {
			if at -= change.weight; at >= 0 {
				continue
			}
			if err := c.one(change.make); err != nil {
				return fmt.Errorf("%s: %w", change.name, err)
			}
			counts.add(change.name)
			break
		}
	}
	return nil
}

// one makes a change while the world stands still for nobody.
func (c *changer) one(change func(*changer, string) error) error {
	c.standing.RLock()
	defer c.standing.RUnlock()
	c.made++
	return change(c, c.ids[c.rand.IntN(len(c.ids))])
}

func (c *changer) anyPatch() string {
	on := func() bool { return c.rand.IntN(2) == 0 }
	return fmt.Sprintf(`{"charges_enabled":%t,"payouts_enabled":%t,"requirements":{"past_due":[%q]},"settings":{"dashboard":{"display_name":"%s %d"}}}`,
		on(), on(), []string{"external_account", "individual.id_number", "tos_acceptance.date"}[c.rand.IntN(3)], c.name, c.made)
}

func (c *changer) change(id string) error { return c.atStripe("accounts/"+id, c.anyPatch()) }

func (c *changer) changeSilently(id string) error {
	return c.atStripe("accounts/"+id+"?silent=1", c.anyPatch())
}

func (c *changer) recheck(id string) error {
	return c.ask(http.MethodPost, "/v1/accounts/"+id+"/recheck", "", nil)
}

func (c *changer) changeAndRecheck(id string) error {
	return errors.Join(c.changeSilently(id), c.recheck(id))
}

func (c *changer) changeAndFallDue(id string) error {
	_, err := c.pool.Exec(context.Background(), `update accounts set next_check_at = now() where id = $1 and disconnected_at is null`, id)
	return errors.Join(c.changeSilently(id), err)
}

func (c *changer) reconnect(id string) error {
	return errors.Join(c.atStripe("accounts/"+id+"/deauthorize", ""), c.connect(c.sellers[id], "account="+id))
}

func (c *changer) relink(id string) error {
	return errors.Join(
		c.ask(http.MethodPost, "/v1/accounts/"+id+"/unlink", `{"force":true}`, nil), c.connect(c.sellers[id], "account="+id))
}

func (c *changer) reassign(id string) error {
	to := fmt.Sprintf("%s-%d", c.name, c.made)
	err := c.ask(http.MethodPost, "/v1/accounts/"+id+"/reassign", fmt.Sprintf(`{"seller_id":%q}`, to), nil)
	if err == nil {
		c.sellers[id] = to
	}
	return err
}

// erase takes the account away from its seller first.
func (c *changer) erase(id string) error {
	former := c.sellers[id]
	return errors.Join(c.reassign(id), c.ask(http.MethodDelete, "/v1/sellers/"+former, "", nil))
}

func (c *changer) connectNew(string) error {
	return c.connect(fmt.Sprintf("%s-new-%d", c.name, c.made), "persona=complete")
}

// connect goes through OAuth as the platform's own page does. An exchange that a killed process has begun is not made again,
// and the seller stays without an account.
func (c *changer) connect(seller, choice string) error {
	var state struct {
		State        string `json:"state"`
		AuthorizeURL string `json:"authorize_url"`
	}
	order := fmt.Sprintf(`{"seller_id":%q,"redirect_uri":"https://shop.test/back"}`, seller)
	if err := c.ask(http.MethodPost, "/v1/oauth-states", order, &state); err != nil {
		return err
	}
	res, err := c.client.Get(state.AuthorizeURL + "&" + choice)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		return err
	}
	return c.ask(http.MethodPost, "/api/verifyStripe", fmt.Sprintf(`{"code":%q,"state":%q}`, back.Query().Get("code"), state.State), nil)
}

func (c *changer) atStripe(path, body string) error {
	status, answer, err := c.once(http.MethodPost, c.SandboxURL+"/sandbox/"+path, body)
	if err == nil && status >= 300 {
		err = fmt.Errorf("sandbox: %d %s", status, answer)
	}
	return err
}

// ask asks connectd until it answers: what fails on the way may have happened. What it refuses is an answer, since Stripe may
// have told it of something else meanwhile.
func (c *changer) ask(method, path, body string, into any) error {
	for {
		status, answer, err := c.once(method, c.balancer.URL+path, body)
		switch {
		case err != nil, status == http.StatusBadGateway && strings.Contains(answer, "<html>"), status == http.StatusServiceUnavailable:
			continue
		case status >= 300:
			c.refused.Add(1)
			return nil
		case into == nil:
			return nil
		}
		return json.Unmarshal([]byte(answer), into)
	}
}

func (c *changer) once(method, address, body string) (status int, answer string, err error) {
	req, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	res, err := c.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() //nolint:errcheck // only read
	read, err := io.ReadAll(res.Body)
	return res.StatusCode, string(read), err
}

// happenings are counted by name.
type happenings struct {
	mu    sync.Mutex
	of    map[string]int
	total atomic.Int64
}

func (c *happenings) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[name]++
	c.total.Add(1)
}

func (f *fleet) postForm(address, key string, form url.Values, into any) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	got := walktest.Read(f.t, res)
	if err := json.Unmarshal([]byte(got), into); err != nil || res.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %d %s", address, res.StatusCode, got)
	}
}
