package stripeapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/tracing"
)

// request is one call to Stripe.
type request struct {
	op      string // for people, the start of each error
	backend stripe.Backend
	method  string
	path    string
	params  stripe.ParamsContainer // nil: none
	on      On
	secrets []Secret // what Stripe's messages may repeat, beside the key
}

// response is Stripe's answer to a request that it granted.
type response struct {
	body      []byte
	interval  account.Interval
	requestID string
}

// call sends r once and returns what Stripe answered, or an *Error.
func (c *Client) call(ctx context.Context, r request) (response, error) {
	if err := c.takeTurn(ctx, r); err != nil {
		return response{}, &Error{Kind: Unreachable, Op: r.op, Err: err}
	}
	began, operation := time.Now(), r.operation()
	ctx, end := tracing.Call(ctx, operation)
	defer end()
	res, err := c.ask(ctx, r)
	c.cfg.Asked(operation, countedAs(r, err), time.Since(began))
	return res, err
}

// ask sends r, whose turn it is.
func (c *Client) ask(ctx context.Context, r request) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	a := &answer{}
	body, err := c.send(withAnswer(ctx, a), r)
	c.log(ctx, r, a)
	if err != nil || !a.granted() {
		failure := c.redact(a.failure(r.op, cause(a, body, err)), r.secrets)
		c.cfg.Pacer.Heed(failure)
		return response{}, failure
	}
	interval, ok := a.interval()
	if !ok {
		return response{}, a.failure(r.op, errNoDate)
	}
	return response{body: body.raw(), interval: interval, requestID: a.header.Get("Request-Id")}, nil
}

var (
	errNoDate     = errors.New("the answer has no Date, so it can't be placed in time")
	errUnreadable = errors.New("the answer is not what Stripe documents")
)

// takeTurn waits for the call's turn where it has to; else it only looks whether the caller still waits.
func (c *Client) takeTurn(ctx context.Context, r request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.wait != nil {
		return c.wait(ctx)
	}
	c.cfg.Pacer.Charge(Call{Method: r.method, Path: r.path})
	return nil
}

func (c *Client) send(ctx context.Context, r request) (*rawBody, error) {
	body := &rawBody{}
	params := r.on.params()
	params.Context = ctx
	values := &form.Values{}
	if r.params != nil {
		form.AppendTo(values, r.params)
	}
	err := r.backend.CallRaw(r.method, r.path, string(c.key()), values, params, body)
	return body, err
}

func (a *answer) granted() bool {
	return a.status >= http.StatusOK && a.status < http.StatusMultipleChoices
}

// cause is what to say beside Stripe's own words: nothing where Stripe refused in words, and never stripe-go's error on a
// body that it could not read, which quotes the body.
func cause(a *answer, body *rawBody, err error) error {
	switch {
	case a.status >= http.StatusBadRequest:
		return nil
	case body.LastResponse != nil:
		return errUnreadable
	}
	return err
}

func (c *Client) redact(e *Error, secrets []Secret) *Error {
	secrets = append([]Secret{c.key()}, secrets...)
	e.Code, e.Message = redact(e.Code, secrets...), redact(e.Message, secrets...)
	if e.Kind == AccountGone && e.Interval == (account.Interval{}) {
		e.Kind, e.Err = Unreachable, errNoDate
	}
	return e
}

func (c *Client) log(ctx context.Context, r request, a *answer) {
	c.cfg.Logger.DebugContext(ctx, "asked Stripe",
		slog.String("op", r.op), slog.Int("status", a.status),
		slog.String("request_id", a.header.Get("Request-Id")), slog.Duration("round_trip", a.roundTrip))
}

// rawBody takes an answer's bytes as they are: stripe-go's structs can't tell what is missing from what is false.
type rawBody struct {
	stripe.APIResource
}

// UnmarshalJSON leaves the parsing to the caller, who finds the bytes in LastResponse.
func (*rawBody) UnmarshalJSON([]byte) error { return nil }

func (b *rawBody) raw() []byte { return b.LastResponse.RawJSON }

func decode[T any](res response, op string) (T, error) {
	var v T
	if err := json.Unmarshal(res.body, &v); err != nil {
		return v, unreadable(op, res)
	}
	return v, nil
}

func unreadable(op string, res response) *Error {
	return &Error{
		Kind: Unreachable, Op: op, HTTPStatus: http.StatusOK,
		RequestID: res.requestID, Interval: res.interval, Err: errUnreadable,
	}
}
