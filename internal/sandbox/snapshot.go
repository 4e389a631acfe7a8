package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	// nextSuffix names the file that is to take the state file's place. Where a kill has left one behind, it counts for
	// nothing.
	nextSuffix = ".next"
	// accountsALine keeps the lines of a snapshot short enough to be read one at a time.
	accountsALine = 1000
	// responsesKept is how long an Idempotency-Key is remembered (docs.stripe.com/api/idempotent_requests: "at least
	// 24 hours").
	responsesKept = 24 * time.Hour
	// codesKept is how long a used code is remembered, to tell its second presentation from an unknown code.
	codesKept = 24 * time.Hour
)

// writeNext writes the world in its shortest form beside the state file, and keeps that open for what follows.
func writeNext(ctx context.Context, path string, w *world) (next *os.File, size int64, err error) {
	next, err = os.OpenFile(path+nextSuffix, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, err
	}
	if size, err = writeChanges(ctx, next, snapshot(w)); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("write %s: %w", next.Name(), err), next.Close(), os.Remove(next.Name()))
	}
	return next, size, nil
}

// replaceBy puts next in the state file's place, which is at all times either the old one or the new one. What may not be
// on disk replaces nothing.
func replaceBy(next *os.File, path string) error {
	if err := next.Sync(); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func writeChanges(ctx context.Context, file *os.File, changes []*change) (size int64, err error) {
	out := bufio.NewWriterSize(file, 1<<20)
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		line, err := encode(c)
		if err != nil {
			return 0, err
		}
		n, err := out.Write(append(line, '\n'))
		if err != nil {
			return 0, err
		}
		size += int64(n)
	}
	return size, out.Flush()
}

// snapshot is the shortest list of changes that makes this world.
func snapshot(w *world) []*change {
	ahead := time.Duration(w.clock.ahead.Load())
	changes := []*change{{Ahead: &ahead, Delivery: &w.delivery, PerSecond: &w.limit.perSecond, Faults: &w.faults}}
	for _, p := range w.platforms {
		changes = append(changes, &change{Platforms: []platform{*p}})
	}
	for _, k := range w.keys {
		changes = append(changes, &change{Keys: []restrictedKey{*k}})
	}
	for accounts := range slices.Chunk(w.order, accountsALine) {
		changes = append(changes, &change{Accounts: values(accounts)})
	}
	for _, e := range w.endpoints {
		changes = append(changes, &change{Endpoints: []webhookEndpoint{*e}})
	}
	for _, e := range w.timeline {
		changes = append(changes, &change{Events: []event{*e}})
	}
	changes = append(changes, saleChanges(w)...)
	return append(changes, passingChanges(w)...)
}

// saleChanges are of what is sold, and of what was.
func saleChanges(w *world) []*change {
	return slices.Concat(
		eachOn(w.products, func(o owned[product]) *change { return &change{Products: []owned[product]{o}} }),
		eachOn(w.prices, func(o owned[price]) *change { return &change{Prices: []owned[price]{o}} }),
		eachOn(w.sessions, func(o owned[checkoutSession]) *change { return &change{Sessions: []owned[checkoutSession]{o}} }),
		eachOn(w.methods, func(o owned[paymentMethod]) *change { return &change{Methods: []owned[paymentMethod]{o}} }),
		eachOn(w.intents, func(o owned[paymentIntent]) *change { return &change{Intents: []owned[paymentIntent]{o}} }),
	)
}

func eachOn[T identified](s *shelf[T], changeOf func(owned[T]) *change) []*change {
	var changes []*change
	for _, o := range s.all {
		if o != nil {
			changes = append(changes, changeOf(*o))
		}
	}
	return changes
}

// passingChanges are of what is forgotten in time.
func passingChanges(w *world) []*change {
	var changes []*change
	now := w.clock.now()
	for _, c := range w.codes {
		if now.Sub(c.Expires) < codesKept {
			changes = append(changes, &change{Codes: []authorizationCode{*c}})
		}
	}
	for _, link := range w.links {
		if now.Before(link.Expires) {
			changes = append(changes, &change{Links: []accountLink{*link}})
		}
	}
	for _, m := range w.mails {
		changes = append(changes, &change{Mails: []Mail{*m}})
	}
	for _, key := range w.remembered {
		if r := w.responses[key]; now.Sub(r.At) < responsesKept {
			changes = append(changes, &change{Answers: []rememberedResponse{*r}})
		}
	}
	return changes
}

func values(accounts []*account) []account {
	list := make([]account, len(accounts))
	for i, a := range accounts {
		list[i] = *a
	}
	return list
}
