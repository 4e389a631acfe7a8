//go:build faults

package faults

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// choices is a random stream of its own for each name, so that a seed has everybody choose as they did, whoever comes first.
func choices(seed uint64, name string) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(seed, sum.Sum64()))
}

// person asks connectd for things, and records what came.
type person struct {
	*world
	who    string // what they are; several may be the same
	name   string
	choose *rand.Rand
	http   *http.Client
}

func (w *world) person(who, name string) person {
	return person{world: w, who: who, name: name, choose: choices(w.report().Run.Seed, name), http: &http.Client{Timeout: 30 * time.Second}}
}

func (w *world) report() Report {
	r, err := w.record.Report()
	if err != nil {
		w.t.Error(err)
	}
	return r
}

// live goes on doing something, with rests, until ctx ends.
func (p person) live(ctx context.Context, rest time.Duration, do func(context.Context)) {
	for ctx.Err() == nil {
		do(ctx)
		pause(ctx, rest/2+time.Duration(p.choose.Int64N(int64(rest))))
	}
}

// request is what is asked of connectd, through the front.
type request struct {
	what, method, path, body string
	header                   []string // names, each with its value
	account                  string
}

// ask asks, and records the answer; effect says of one that is 2xx or a redirect what has to be stored then.
func (p person) ask(ctx context.Context, q request, effect func(*http.Response, []byte) string) (*http.Response, []byte) {
	c := Call{Who: p.who, What: p.name + ": " + q.what, Account: q.account, From: time.Now(), Outcome: Unknown}
	res, body, err := p.send(ctx, q)
	c.Until = time.Now()
	if err != nil {
		c.Says = err.Error()
		p.record.Add(Line{Call: &c})
		return nil, nil
	}
	c.Status = res.StatusCode
	switch {
	case res.StatusCode < 400:
		c.Outcome = OK
		if effect != nil {
			c.Effect, c.Made = effect(res, body), idIn(body)
		}
	case res.StatusCode < 500:
		c.Outcome, c.Says = Refused, string(body[:min(len(body), 300)])
	}
	p.record.Add(Line{Call: &c})
	return res, body
}

// idIn is the id of the object that was answered; "" of a page's.
func idIn(body []byte) string {
	var object struct{ ID string }
	_ = json.Unmarshal(body, &object)
	return object.ID
}

func (p person) send(ctx context.Context, q request) (*http.Response, []byte, error) {
	address := q.path
	if strings.HasPrefix(address, "/") {
		address = p.front.url + address
	}
	req, err := http.NewRequestWithContext(ctx, q.method, address, strings.NewReader(q.body))
	if err != nil {
		return nil, nil, err
	}
	if strings.HasPrefix(q.path, "/v1/") {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	for pair := range slices.Chunk(q.header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	res, err := p.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

// always is the effect of whatever is answered.
func always(effect string) func(*http.Response, []byte) string {
	return func(*http.Response, []byte) string { return effect }
}

// refusal is an answer that is not 2xx.
type refusal struct {
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.body) }

func isRefusal(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// locks has one person at a time change an account, and knows those that were connected.
type locks struct {
	mu   sync.Mutex
	of   map[string]*sync.Mutex
	list []string
}

// know takes in an account that is connected.
func (l *locks) know(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]*sync.Mutex{}
	}
	if l.of[account] == nil {
		l.of[account] = &sync.Mutex{}
		l.list = append(l.list, account)
	}
}

// forget takes out one that is connected no more.
func (l *locks) forget(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(id string) bool { return id == account })
}

// hold chooses an account and has it alone until release; none where there are none, or it has gone meanwhile.
func (l *locks) hold(choose *rand.Rand) (account string, release func()) {
	l.mu.Lock()
	if len(l.list) == 0 {
		l.mu.Unlock()
		return "", func() {}
	}
	account = l.list[choose.IntN(len(l.list))]
	l.mu.Unlock()
	return l.holdThis(account)
}

// holdThis is hold of an account that was known once. One that has gone is left alone: to do something to it would change nothing at
// Stripe, and no event would come of it.
func (l *locks) holdThis(account string) (held string, release func()) {
	l.mu.Lock()
	lock := l.of[account]
	l.mu.Unlock()
	lock.Lock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.list, account) {
		lock.Unlock()
		return "", func() {}
	}
	return account, lock.Unlock
}
