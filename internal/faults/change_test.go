//go:build faults

package faults

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"
)

// happening is something that happens to an account at Stripe.
type happening struct {
	method, path, body string // of the sandbox's
	silent             bool   // Stripe's event of it is lost
	often              int    // of all
}

// control is where an account is changed without a platform's key.
const control = "/sandbox/accounts/{id}"

const works = `{"charges_enabled":true,"payouts_enabled":true,"details_submitted":true,
	"requirements":{"currently_due":[],"past_due":[],"disabled_reason":null}}`

var happenings = []happening{
	{path: control, body: works, often: 8},
	{path: control, body: `{"charges_enabled":false}`, often: 3},
	{path: control, body: `{"payouts_enabled":false}`, often: 3},
	{path: control, body: `{"charges_enabled":false,"requirements":{"currently_due":["individual.verification.document"],
		"past_due":["individual.verification.document"],"disabled_reason":"requirements.past_due"}}`, often: 3},
	{path: control + "?silent=1", body: `{"charges_enabled":false}`, silent: true, often: 2},
	{path: control + "?silent=1", body: `{"payouts_enabled":false}`, silent: true, often: 2},
	{path: control + "/deauthorize", often: 1},
	{path: control + "/deauthorize?silent=1", silent: true, often: 1},
	{method: http.MethodDelete, path: "/v1/accounts/{id}", often: 1},
}

// changer is what Stripe and sellers do to accounts at Stripe.
type changer struct{ person }

func (c changer) do(ctx context.Context) {
	account, release := c.accounts.hold(c.choose)
	defer release()
	if account == "" {
		return
	}
	c.happen(ctx, account, c.draw())
}

// happen does it to an account that is held.
func (p person) happen(ctx context.Context, account string, h happening) {
	p.changeAt(ctx, account, h.silent, func(ctx context.Context) {
		method, path := cmp.Or(h.method, http.MethodPost), strings.Replace(h.path, "{id}", account, 1)
		call := Call{Who: p.who, What: "at Stripe: " + method + " " + h.path + " " + h.body, Account: account, From: time.Now(), Outcome: OK}
		if _, err := p.stripe.ask(ctx, method, path, h.body); err != nil {
			call.Outcome, call.Says = Unknown, err.Error()
		}
		call.Until = time.Now()
		p.record.Add(Line{Call: &call})
	})
}

func (c changer) draw() happening {
	total := 0
	for _, h := range happenings {
		total += h.often
	}
	n := c.choose.IntN(total)
	for _, h := range happenings {
		if n -= h.often; n < 0 {
			return h
		}
	}
	panic("the weights are as they were summed")
}

// changeAt records what Stripe says of an account before and after what may change it. It looks until Stripe answers, whatever has
// ended, for an account that nobody has looked at would be judged by what was so before.
func (p person) changeAt(ctx context.Context, account string, silent bool, change func(context.Context)) {
	p.record.Add(Line{Truth: &Truth{At: time.Now(), Account: account, Open: true}})
	change(ctx)
	for p.ctx.Err() == nil {
		f, err := p.stripe.facts(p.ctx, account)
		if err != nil {
			pause(p.ctx, 100*time.Millisecond)
			continue
		}
		p.record.Add(Line{Truth: &Truth{At: time.Now(), Account: account, No: !f.able(), Gone: !f.Connected, Silent: silent}})
		if !f.Connected {
			p.accounts.forget(account)
		}
		return
	}
}

// operator unlinks, gives accounts to others, and has them checked: each once for a start, until that is done.
type operator struct {
	person
	starts []func(context.Context, string) bool
}

func (w *world) operator(name string) *operator {
	o := &operator{person: w.person("operator", name)}
	o.starts = []func(context.Context, string) bool{o.recheck, o.reassign, o.unlink}
	return o
}

func (o *operator) do(ctx context.Context) {
	account, release := o.accounts.hold(o.choose)
	defer release()
	if account == "" {
		return
	}
	if len(o.starts) > 0 {
		if o.starts[0](ctx, account) {
			o.starts = o.starts[1:]
		}
		return
	}
	acts := []func(context.Context, string) bool{o.recheck, o.recheck, o.recheck, o.reassign, o.reassign, o.unlink, o.unlink, o.force, o.command}
	acts[o.choose.IntN(len(acts))](ctx, account)
}

func (o *operator) post(ctx context.Context, account, act, body, effect string) (isDone bool) {
	res, _ := o.ask(ctx, request{what: act, method: http.MethodPost, path: "/v1/accounts/" + account + "/" + act, body: body, account: account}, always(effect))
	return res != nil && res.StatusCode < 400
}

func (o *operator) recheck(ctx context.Context, account string) bool {
	return o.post(ctx, account, "recheck", "", "")
}

// reassign gives it to whoever: half of the time to one who may be free.
func (o *operator) reassign(ctx context.Context, account string) bool {
	to := sellerName(o.choose.IntN(sellers))
	if o.choose.IntN(2) == 0 {
		to = sellerName(sellers + o.choose.IntN(spares))
	}
	return o.post(ctx, account, "reassign", `{"seller_id":"`+to+`"}`, "held "+account+" "+to)
}

func (o *operator) unlink(ctx context.Context, account string) (isDone bool) {
	o.changeAt(ctx, account, false, func(ctx context.Context) { isDone = o.post(ctx, account, "unlink", "{}", "ended "+account) })
	return isDone
}

func (o *operator) force(ctx context.Context, account string) (isDone bool) {
	o.changeAt(ctx, account, false, func(ctx context.Context) { isDone = o.post(ctx, account, "unlink", `{"force":true}`, "ended "+account) })
	return isDone
}

// command does by hand, on one of the replicas' settings, what recheck does.
func (o *operator) command(_ context.Context, account string) bool {
	r := o.replicas[o.choose.IntN(len(o.replicas))]
	c := Call{Who: o.who, What: "command: recheck", Account: account, From: time.Now(), Outcome: Unknown}
	_, words, code := connectd.Run(o.t, 2*time.Minute, r.env(), "accounts", "recheck", account)
	if c.Until = time.Now(); code == 0 {
		c.Outcome = OK
	} else {
		c.Says = words[:min(len(words), 300)]
	}
	o.record.Add(Line{Call: &c})
	return c.Outcome == OK
}
