package api

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
)

// freshWithin bounds how long an answer waits for Stripe, and for Postgres to take what Stripe says.
const freshWithin = 2 * time.Second

// maxAgeParam is how old an answer may be, as Go writes it; "" is as old as it is.
type maxAgeParam string

const agesExpected = "expected a duration of 0s or more, as 60s"

// Resolve is called by huma.
func (p maxAgeParam) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	age, err := time.ParseDuration(string(p))
	if p == "" || err == nil && age >= 0 {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: at.String(), Message: agesExpected}}
}

func (p maxAgeParam) duration() time.Duration {
	age, _ := time.ParseDuration(string(p)) // Resolve has looked at it
	return age
}

// freshReadiness asks Stripe where the last check is older than maxAge. Where that does not come to anything, what is known is
// no yes; the log says why. position has been seen already; "" leaves what the guard has read.
func (s *service) freshReadiness(ctx context.Context, id string, maxAge time.Duration, position string) (*readinessOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, freshWithin)
	defer cancel()
	known, err := s.cfg.Registry.Readiness(ctx, id)
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	if !s.mayBeOld(known, maxAge) {
		return readinessOf(known, position), nil
	}
	refused := s.cfg.Checker.Confirm(ctx, *known.AccountID, maxAge)
	reached, ready, err := s.newest(ctx, id)
	if err != nil {
		return readinessOf(registry.Unconfirmed(known), position), nil
	}
	confirmed := refused == nil && client.Text(ready.AccountID) == *known.AccountID
	if !confirmed && s.mayBeOld(ready, maxAge) {
		ready = registry.Unconfirmed(ready)
	}
	return readinessOf(ready, reached), nil
}

// mayBeOld tells whether Stripe has something to say that is newer. Of a seller without a connected account it has not: Stripe
// answers nothing of a disconnected one, and only a grant that connectd itself makes brings it back.
func (s *service) mayBeOld(ready client.Readiness, maxAge time.Duration) bool {
	switch ready.Status {
	case "not_connected", "disconnected":
		return false
	}
	return !s.cfg.Registry.CheckedWithin(ready, maxAge)
}

// newest reads the position first, so that the answer has seen at least that much.
func (s *service) newest(ctx context.Context, id string) (position string, ready client.Readiness, err error) {
	reached, err := s.cfg.Registry.Position(ctx)
	if err != nil {
		return "", ready, err
	}
	ready, err = s.cfg.Registry.Readiness(ctx, id)
	return strconv.FormatInt(reached, 10), ready, err
}
