//go:build faults

package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/connectd/connectd/client"
)

// payer has products made on sellers' accounts, by requests that are repeated where they had no answer and at times where they had one,
// and pays.
type payer struct{ person }

func (p payer) do(ctx context.Context) {
	p.sell(ctx)
	p.pay(ctx)
}

// sell makes a product for whoever holds an account; of all the repeats there must be one.
func (p payer) sell(ctx context.Context) {
	account, release := p.accounts.hold(p.choose)
	defer release()
	order := fmt.Sprintf("order-%d", p.choose.Uint64())
	seller := p.holder(ctx, account)
	if seller == "" {
		return
	}
	again := p.choose.IntN(3) == 0
	for range 3 {
		res, _ := p.ask(ctx, request{
			what: "product", method: http.MethodPost, path: "/v1/sellers/" + seller + "/products", account: account,
			body: `{"name":"Clay pot","metadata":{"order":"` + order + `"}}`, header: []string{"Idempotency-Key", order},
		}, always("product "+order))
		if res != nil && res.StatusCode < 500 {
			if !again {
				return
			}
			again = false
		}
	}
}

func (p payer) holder(ctx context.Context, account string) (seller string) {
	if account == "" {
		return ""
	}
	res, body := p.ask(ctx, request{what: "account", method: http.MethodGet, path: "/v1/accounts/" + account}, nil)
	var row client.Account
	if res == nil || res.StatusCode != http.StatusOK || json.Unmarshal(body, &row) != nil {
		return ""
	}
	return row.SellerID
}

// pay ends a Checkout on an account.
func (p payer) pay(ctx context.Context) {
	account, release := p.accounts.hold(p.choose)
	defer release()
	if account == "" {
		return
	}
	c := Call{Who: p.who, What: "pay", Account: account, From: time.Now(), Outcome: Unknown}
	answer, err := p.stripe.control(ctx, "checkout", `{"account":"`+account+`","amount":1990,"currency":"eur","paid":true}`)
	var session struct{ ID string }
	if c.Until = time.Now(); err == nil && json.Unmarshal(answer, &session) == nil {
		c.Outcome, c.Effect = OK, "sale "+session.ID
	} else if err != nil {
		c.Says = err.Error()
	}
	p.record.Add(Line{Call: &c})
}
