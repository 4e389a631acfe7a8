package app

import (
	"context"
	"sync"
	"time"
)

// outlook is what Stripe and the mail server answered when they were asked last. They are asked only while somebody looks, and seldom:
// Stripe allots reads to a platform, and these are some. It is safe for concurrent use.
type outlook struct {
	ask func(context.Context) []Finding
	now func() time.Time
	ctx context.Context // until the service stops

	mu     sync.Mutex
	found  []Finding
	at     *time.Time    // when found was complete; nil: never
	since  *time.Time    // since when they are being asked; nil: they are not
	heard  chan struct{} // closed once those who are being asked have answered
	asking sync.WaitGroup
}

// How old may be what is shown. A page that is left open for a month costs some 2,000 reads, of 10,000 that a platform has at least
// (docs.stripe.com/rate-limits).
const (
	freshWhereAsked  = time.Minute // where a person wants to know now
	freshWhereOpened = 5 * time.Minute
	freshWhereLeft   = time.Hour
)

const (
	askWithin = 30 * time.Second
	patience  = 3 * time.Second // of who looks
)

func newOutlook(ctx context.Context, now func() time.Time, ask func(context.Context) []Finding) *outlook {
	return &outlook{ask: ask, now: now, ctx: ctx}
}

// sight is what was found, and how fresh that is.
type sight struct {
	found     []Finding
	at, since *time.Time
}

// look is what was found last. Where that is older, they are asked again, and given a moment to answer.
func (o *outlook) look(ctx context.Context, fresh time.Duration) sight {
	if heard, asking := o.begin(fresh); asking {
		o.wait(ctx, heard)
	}
	return o.sight()
}

func (o *outlook) sight() sight {
	o.mu.Lock()
	defer o.mu.Unlock()
	return sight{o.found, o.at, o.since}
}

// begin asks in the background what was found longer ago than that. heard is closed once whoever is being asked has answered.
func (o *outlook) begin(fresh time.Duration) (heard <-chan struct{}, asking bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	switch {
	case o.since != nil:
		return o.heard, now.Sub(*o.since) < patience // nobody waits for those who hang
	case o.ctx.Err() != nil, o.at != nil && now.Sub(*o.at).Abs() < fresh:
		return nil, false
	}
	done := make(chan struct{})
	o.since, o.heard = &now, done
	o.asking.Go(func() {
		defer close(done)
		o.finish(o.askNow())
	})
	return done, true
}

func (o *outlook) askNow() []Finding {
	ctx, cancel := context.WithTimeout(o.ctx, askWithin)
	defer cancel()
	return o.ask(ctx)
}

func (o *outlook) finish(found []Finding) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.now()
	o.found, o.at, o.since = found, &at, nil
}

func (*outlook) wait(ctx context.Context, heard <-chan struct{}) {
	impatient := time.NewTimer(patience)
	defer impatient.Stop()
	select {
	case <-heard:
	case <-impatient.C:
	case <-ctx.Done():
	}
}
