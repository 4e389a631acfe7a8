package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/internal/stripeapi"
)

// sellingProblem answers what Stripe refuses about a sale in the caller's terms: what was asked (422), how much of it (429),
// or neither (502). After the last the object may have been made.
func (s *service) sellingProblem(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*selling.CannotTransact](err); ok {
		p := newProblem(cannotTransact, e.Error())
		p.Reasons = e.Reasons
		if e.Stripe != nil {
			p.Stripe = saidBy(e.Stripe)
		}
		return p
	}
	e, ok := errors.AsType[*stripeapi.Error](err)
	if !ok {
		return s.problemOf(ctx, err, inBody)
	}
	if e.Declined() {
		return declined(e)
	}
	if ctx.Err() == nil {
		s.logger.WarnContext(ctx, "Stripe did not do what was asked", "error", err)
	}
	p := unsold(e)
	if e.Code != "" || e.RequestID != "" {
		p.Stripe = saidBy(e)
	}
	if p.Code == stripeBusy {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(secondsUntil(e.RetryAfter))}})
	}
	return p
}

// secondsUntil is at least one: Stripe does not always say how long to wait.
func secondsUntil(wait time.Duration) int { return int(max(1, (wait+time.Second-1)/time.Second)) }

func declined(e *stripeapi.Error) *problem {
	p := newProblem(stripeRefused, "Stripe refused: "+e.Message)
	if e.Param != "" {
		p.Errors = []fieldError{{Location: locationOf(e.Param), Message: e.Message}}
	}
	p.Stripe = saidBy(e)
	return p
}

const again = " Send the same request with the same Idempotency-Key again; without one a second may be made."

func unsold(e *stripeapi.Error) *problem {
	switch {
	case e.Kind == stripeapi.RateLimited:
		return newProblem(stripeBusy, adviceOn(e.Kind)+again)
	case e.Kind == stripeapi.Unreachable && e.HTTPStatus == 0:
		return newProblem(stripeUnanswered, "Stripe gave no answer, so that what was asked may have been done."+again)
	case e.Kind == stripeapi.Unreachable:
		return newProblem(stripeFailed, "Stripe has a fault, and what was asked may have been done."+again)
	case e.HTTPStatus == http.StatusConflict:
		return newProblem(stripeFailed, "Stripe is at work on another request that this one is in conflict with; stripe says which."+again)
	}
	return newProblem(stripeFailed, adviceOn(e.Kind))
}

// locationOf is Stripe's name of a parameter, a[0][b], as that of a field of the body.
func locationOf(param string) string {
	param = strings.TrimPrefix(param, "payment_intent_data[")
	var location strings.Builder
	location.WriteString("body")
	for _, part := range strings.FieldsFunc(param, func(r rune) bool { return r == '[' || r == ']' }) {
		if strings.Trim(part, "0123456789") == "" {
			location.WriteString("[" + part + "]")
			continue
		}
		location.WriteString("." + part)
	}
	return location.String()
}
