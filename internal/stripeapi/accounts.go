package stripeapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v76"

	"github.com/connectd/connectd/internal/account"
)

// Retrieval is what Stripe said of an account, and when.
type Retrieval struct {
	AccountID string
	// Facts are normalized.
	Facts     account.Facts
	Interval  account.Interval
	RequestID string
}

// Platform is whom the key belongs to.
type Platform struct {
	AccountID string
	Livemode  bool
	Interval  account.Interval
}

// Listed is what a list says of an account.
type Listed struct {
	Retrieval
	Metadata map[string]string
}

// Page is one page of the platform's connected accounts, newest first.
type Page struct {
	Accounts []Listed
	// Next is the startingAfter of the next page; "" at the end.
	Next string
	// Unreadable counts those of the page that could not be read.
	Unreadable int
	Interval   account.Interval
	RequestID  string
}

// Account retrieves a connected account (docs.stripe.com/api/accounts/retrieve).
func (c *Client) Account(ctx context.Context, id string) (Retrieval, error) {
	found, _, err := c.retrieve(ctx, id)
	return found, err
}

func (c *Client) retrieve(ctx context.Context, id string) (Retrieval, json.RawMessage, error) {
	op := "retrieve account " + id
	if id == "" {
		return Retrieval{}, nil, &Error{Kind: Refused, Op: op, Err: errors.New("no account named")}
	}
	res, err := c.call(ctx, request{
		op: op, backend: c.api, method: http.MethodGet, path: stripe.FormatURLPath("/v1/accounts/%s", id),
	})
	if err != nil {
		return Retrieval{}, nil, err
	}
	found, err := c.retrieval(res.body, res)
	if err != nil || found.AccountID != id {
		return Retrieval{}, nil, unreadable(op, res)
	}
	return found, res.body, nil
}

// AccountObject retrieves a connected account as Account does, with Stripe's object as it came: it holds personal data.
func (c *Client) AccountObject(ctx context.Context, id string) (Retrieval, json.RawMessage, error) {
	return c.retrieve(ctx, id)
}

func (c *Client) retrieval(raw []byte, res response) (Retrieval, error) {
	a, err := DecodeAccount(raw)
	if err != nil {
		return Retrieval{}, err
	}
	return Retrieval{AccountID: a.ID, Facts: a.Facts, Interval: res.interval, RequestID: res.requestID}, nil
}

// Platform retrieves the key's own account. A key that Stripe refuses is KeyWrong, never AccountGone.
func (c *Client) Platform(ctx context.Context) (Platform, error) {
	const op = "retrieve the platform's account"
	res, err := c.call(ctx, request{op: op, backend: c.api, method: http.MethodGet, path: "/v1/account"})
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == AccountGone {
		e.Kind = KeyWrong
	}
	if err != nil {
		return Platform{}, err
	}
	own, err := DecodeAccount(res.body)
	if err != nil {
		return Platform{}, unreadable(op, res)
	}
	return Platform{AccountID: own.ID, Livemode: c.livemode, Interval: res.interval}, nil
}

// Accounts lists the connected accounts that come after startingAfter ("": from the first), at most limit of them, which
// is 1 to 100 (docs.stripe.com/api/accounts/list).
func (c *Client) Accounts(ctx context.Context, startingAfter string, limit int) (Page, error) {
	const op = "list accounts"
	params := &stripe.AccountListParams{}
	params.Limit = stripe.Int64(int64(limit))
	if startingAfter != "" {
		params.StartingAfter = stripe.String(startingAfter)
	}
	res, err := c.call(ctx, request{op: op, backend: c.api, method: http.MethodGet, path: "/v1/accounts", params: params})
	if err != nil {
		return Page{}, err
	}
	list, err := decode[accountList](res, op)
	if err != nil {
		return Page{}, err
	}
	return c.page(list, op, res)
}

type accountList struct {
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
}

// page leaves out what it can't read, so that one account never stops the others; the last that it can is the cursor.
func (c *Client) page(list accountList, op string, res response) (Page, error) {
	page := Page{Accounts: make([]Listed, 0, len(list.Data)), Interval: res.interval, RequestID: res.requestID}
	for _, raw := range list.Data {
		found, err := c.retrieval(raw, res)
		if err != nil {
			page.Unreadable++
			continue
		}
		page.Accounts = append(page.Accounts, Listed{Retrieval: found, Metadata: metadataOf(raw)})
	}
	if !list.HasMore {
		return page, nil
	}
	if len(page.Accounts) == 0 {
		return Page{}, unreadable(op, res)
	}
	page.Next = page.Accounts[len(page.Accounts)-1].AccountID
	return page, nil
}
