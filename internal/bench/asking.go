package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/connectd/connectd/internal/bench/fill"
)

// askedBy is how many connections ask for readiness at once.
const askedBy = 32

// readiness asks for one seller after the other: from memory, then with the copy switched off.
func (r *run) readiness(ctx context.Context) error {
	for _, of := range []how{withCopy, withoutCopy} {
		s, err := r.serve(ctx, of)
		if err != nil {
			return err
		}
		next := func(connection int) func() []byte {
			drawn := rand.New(rand.NewPCG(1, uint64(connection)))
			return func() []byte { return get(s.Addr, readinessPath(drawn.IntN(r.n)), s.key) }
		}
		what := fmt.Sprintf("one seller, copy %s, %d connections", of.copy, askedBy)
		if err := r.againstBare(ctx, s, what, get(s.Addr, readinessPath(r.n-1), s.key), next); err != nil {
			return err
		}
	}
	return nil
}

// mostAsked is how many sellers a request may ask for.
const mostAsked = 1000

// batch asks for a thousand sellers at once.
func (r *run) batch(ctx context.Context) error {
	s, err := r.serve(ctx, withCopy)
	if err != nil {
		return err
	}
	ids := make([]string, min(mostAsked, r.n))
	for i := range ids {
		ids[i] = fmt.Sprintf("shop-%d", i*(r.n/len(ids)))
	}
	body, err := json.Marshal(map[string][]string{"seller_ids": ids})
	if err != nil {
		return err
	}
	request := post(s.Addr, "/v1/readiness", s.key+"Content-Type: application/json\r\n", body)
	what := fmt.Sprintf("%d sellers a request, copy on, %d connections", len(ids), askedBy)
	return r.againstBare(ctx, s, what, request, always(request))
}

// againstBare has connections ask the service and, in turn with it, a bare handler that writes the bytes of the sample's answer.
func (r *run) againstBare(ctx context.Context, s *serving, what string, sample []byte, next func(int) func() []byte) error {
	if err := r.showBare(ctx, s.Addr, sample); err != nil {
		return err
	}
	ours, err := r.askers(ctx, s.Addr, askedBy, next)
	if err != nil {
		return err
	}
	floor, err := r.askers(ctx, r.bare.addr, askedBy, always(get(r.bare.addr, "/", s.key)))
	if err != nil {
		return err
	}
	of, under, ratio, err := compare(ctx, ours, floor, r.cfg.For)
	if err != nil {
		return err
	}
	r.addRates(what, "req/s", "a bare handler of the same bytes", of, under, ratio)
	return nil
}

func (r *run) addRates(what, unit, floor string, of, under figures, ratio float64) {
	r.add(Line{
		What: what, Value: of.perSecond, Unit: unit, P50: of.ms(50), P99: of.ms(99),
		Floor: floor, FloorValue: under.perSecond, FloorP50: under.ms(50), FloorP99: under.ms(99), Ratio: ratio,
	})
}

// showBare has the bare handler write what the service answers.
func (r *run) showBare(ctx context.Context, addr string, request []byte) error {
	c, err := r.dial(ctx, addr)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := c.askUntilAnswered(ctx, request, &body); err != nil {
		return err
	}
	_, kind, _ := strings.Cut(c.header.String(), "Content-Type: ")
	kind, _, _ = strings.Cut(kind, "\r\n")
	r.bare.show(kind, body.Bytes())
	return nil
}

// admin loads pages of the desk, one after the other, as a person does.
func (r *run) admin(ctx context.Context) error {
	s, err := r.serve(ctx, withCopy)
	if err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	drawn := rand.New(rand.NewPCG(1, 2))
	for _, page := range []struct {
		what string
		path func() string
	}{
		{"accounts, first page", func() string { return "/admin/accounts" }},
		{"accounts in a status", func() string { return "/admin/accounts?status=restricted" }},
		{"accounts by risk", func() string { return "/admin/accounts?sort=at_risk_at" }},
		{"search for a seller", func() string { return fmt.Sprintf("/admin/accounts?q=shop-%d", drawn.IntN(r.n)) }},
		{"search for a word of names", func() string { return "/admin/accounts?q=" + fill.SecondWords[drawn.IntN(len(fill.SecondWords))] }},
		{"one account", func() string { return "/admin/accounts/" + r.stripe.account(drawn.IntN(r.n)) }},
		{"overview", func() string { return "/admin" }},
	} {
		if err := r.page(ctx, s, page.what, page.path); err != nil {
			return fmt.Errorf("%s: %w", page.what, err)
		}
	}
	return nil
}

// page is held against a bare handler that looks an account up by its id, by one indexed select, and writes the same page.
func (r *run) page(ctx context.Context, s *serving, what string, path func() string) error {
	request := func() []byte { return get(s.Addr, path(), s.cookie) }
	if err := r.showBare(ctx, s.Addr, request()); err != nil {
		return err
	}
	ours, err := r.askers(ctx, s.Addr, 1, func(int) func() []byte { return request })
	if err != nil {
		return err
	}
	floor, err := r.askers(ctx, r.bare.addr, 1, always(get(r.bare.addr, "/select", s.cookie)))
	if err != nil {
		return err
	}
	of, under, _, err := compare(ctx, ours, floor, r.cfg.For)
	if err != nil {
		return err
	}
	r.add(Line{
		What: what, Value: of.ms(50), Unit: "ms", P50: of.ms(50), P99: of.ms(99),
		Floor: "one indexed select and the same page as it is", FloorValue: under.ms(50), FloorP50: under.ms(50), FloorP99: under.ms(99),
	})
	return nil
}
