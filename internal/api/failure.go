package api

import (
	"context"
	"errors"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// place is the part of the request that an account.Error's field is in.
type place string

const (
	inPath  place = "path"
	inQuery place = "query"
	inBody  place = "body"
)

// problemOf is the one table from errors to answers. What callers can't act on is logged and not shown; where a caller has
// gone, nothing has failed and nobody is left to show it to.
func (s *service) problemOf(ctx context.Context, err error, in place) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*account.Error](err); ok {
		p := domainProblem(e)
		if e.Kind == account.Invalid {
			p.Errors = wrongFields(err, in)
		}
		if said, ok := errors.AsType[*stripeapi.Error](err); ok {
			p.Stripe = saidBy(said)
		}
		return p
	}
	if e, ok := errors.AsType[*stripeapi.Error](err); ok {
		if ctx.Err() == nil {
			s.logger.WarnContext(ctx, "Stripe did not do what was asked", "error", err)
		}
		return stripeProblem(e)
	}
	if errors.Is(err, registry.ErrFull) || errors.Is(err, registry.ErrClosed) {
		return newProblem(busy, "")
	}
	if postgres.IsUnavailable(err) {
		if ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the database can't be asked", "error", err)
		}
		return newProblem(unavailable, "")
	}
	if ctx.Err() == nil {
		s.logger.ErrorContext(ctx, "request failed", "error", err)
	}
	return newProblem(internalError, "")
}

// wrongFields are all that is wrong with the input.
func wrongFields(err error, in place) (all []fieldError) {
	for _, e := range account.ErrorsOf(err) {
		all = append(all, fieldError{Location: string(in) + "." + e.Field, Message: e.Message})
	}
	return all
}

func domainProblem(e *account.Error) *problem {
	switch e.Kind {
	case account.Invalid:
		return newProblem(invalid, "")
	case account.NotFound:
		return newProblem(notFoundHere, e.Message)
	case account.Expired:
		return newProblem(expired, e.Message)
	case account.Forbidden:
		return newProblem(forbidden, e.Message)
	case account.Conflict:
		return newProblem(conflict, e.Message)
	case account.Unanswered:
		return newProblem(stripeUnanswered, e.Message)
	case account.Refused, account.Busy:
		return newProblem(stripeFailed, e.Message)
	}
	return newProblem(internalError, "")
}

// stripeProblem tells an error that Stripe answered with from no answer at all.
func stripeProblem(e *stripeapi.Error) *problem {
	if e.Kind == stripeapi.Unreachable && e.Code == "" {
		return newProblem(stripeUnreachable, "Stripe could not be reached; try again shortly.")
	}
	p := newProblem(stripeFailed, adviceOn(e.Kind))
	p.Stripe = saidBy(e)
	return p
}

func saidBy(e *stripeapi.Error) *stripeError {
	return &stripeError{Code: e.Code, Message: e.Message, Param: e.Param, RequestID: e.RequestID}
}

func adviceOn(kind stripeapi.Kind) string {
	switch kind {
	case stripeapi.RateLimited:
		return "Stripe asks for fewer requests; try again shortly."
	case stripeapi.KeyWrong, stripeapi.AccountGone:
		return "Stripe does not take connectd's key for this account; whoever runs connectd must look at STRIPE_SECRET_KEY."
	case stripeapi.Unreachable:
		return "Stripe has a fault; try again shortly."
	}
	return "Stripe refused; stripe says why."
}
