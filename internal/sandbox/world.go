package sandbox

import "slices"

// keptEvents is how many of the newest events are kept besides those not yet delivered. Stripe keeps 30 days of them
// (docs.stripe.com/api/events); here memory is the limit.
const keptEvents = 20_000

// keptResponses is how many answers to requests with an Idempotency-Key are kept: most clients send one with every POST.
const keptResponses = 20_000

// world is all that the sandbox knows and keeps. Guarded by the state's lock; changed by apply alone.
type world struct {
	clock *clock
	// delivery, limit and faults are what was ordered of how it behaves.
	delivery deliveryPlan
	limit    requestLimit
	faults   []fault

	platforms []*platform
	keys      map[string]*restrictedKey
	accounts  map[string]*account
	// order has every account, oldest first.
	order     []*account
	codes     map[string]*authorizationCode
	links     map[string]*accountLink
	mails     []*Mail
	endpoints []*webhookEndpoint
	products  *shelf[product]
	prices    *shelf[price]
	sessions  *shelf[checkoutSession]
	methods   *shelf[paymentMethod]
	intents   *shelf[paymentIntent]
	events    map[string]*event
	// timeline has every kept event, oldest first.
	timeline  []*event
	responses map[string]*rememberedResponse
	// remembered has the keys of responses, the oldest first.
	remembered []string

	// deadline and sessionDeadline are when the clock next does something to an account and to a Checkout session, in
	// Unix seconds. They may be too early, never too late.
	deadline        int64
	sessionDeadline int64
}

func newWorld(c *clock) *world {
	return &world{
		clock:     c,
		delivery:  deliveryPlan{Mode: deliverNormal},
		keys:      map[string]*restrictedKey{},
		accounts:  map[string]*account{},
		codes:     map[string]*authorizationCode{},
		links:     map[string]*accountLink{},
		events:    map[string]*event{},
		responses: map[string]*rememberedResponse{},

		deadline: never, sessionDeadline: never,

		products: newShelf[product](),
		prices:   newShelf[price](),
		sessions: newShelf[checkoutSession](),
		methods:  newShelf[paymentMethod](),
		intents:  newShelf[paymentIntent](),
	}
}

func (w *world) putPlatform(p *platform) {
	i := slices.IndexFunc(w.platforms, func(known *platform) bool { return known.Account == p.Account })
	if i < 0 {
		w.platforms = append(w.platforms, p)
		return
	}
	w.platforms[i] = p
}

func (w *world) platform(accountID string) *platform {
	return w.platformWhere(func(p *platform) bool { return p.Account == accountID })
}

func (w *world) platformWhere(holds func(*platform) bool) *platform {
	if i := slices.IndexFunc(w.platforms, holds); i >= 0 {
		return w.platforms[i]
	}
	return nil
}

func (w *world) putAccount(a account) {
	a.deadline = a.nextDeadline()
	w.deadline = min(w.deadline, a.deadline)
	if known := w.accounts[a.ID]; known != nil {
		a.place = known.place
		*known = a
		return
	}
	a.place = len(w.order)
	w.accounts[a.ID] = &a
	w.order = append(w.order, &a)
}

func (w *world) addBatch(b *accountBatch) {
	accounts := make([]account, b.Count)
	w.order = slices.Grow(w.order, b.Count)
	deadline := b.Account.nextDeadline()
	w.deadline = min(w.deadline, deadline)
	for i := range accounts {
		a := &accounts[i]
		*a = b.Account
		a.ID, a.deadline = batchAccountID(b.Prefix, i), deadline
		a.place = len(w.order)
		w.accounts[a.ID] = a
		w.order = append(w.order, a)
	}
}

func (w *world) putEndpoint(e *webhookEndpoint) {
	i := slices.IndexFunc(w.endpoints, func(known *webhookEndpoint) bool { return known.ID == e.ID })
	if i < 0 {
		w.endpoints = append(w.endpoints, e)
		return
	}
	w.endpoints[i] = e
}

func (w *world) endpoint(id string) *webhookEndpoint {
	i := slices.IndexFunc(w.endpoints, func(e *webhookEndpoint) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	return w.endpoints[i]
}

func (w *world) removeEndpoint(id string) {
	w.endpoints = slices.DeleteFunc(w.endpoints, func(e *webhookEndpoint) bool { return e.ID == id })
	for _, e := range w.timeline {
		for slices.Contains(e.Pending, id) {
			e.settle(id)
		}
	}
}

func (w *world) putEvent(e *event) {
	if known := w.events[e.ID]; known != nil {
		*known = *e
		return
	}
	w.events[e.ID] = e
	w.timeline = append(w.timeline, e)
	if len(w.timeline) > keptEvents+keptEvents/4 {
		w.forgetEvents(len(w.timeline) - keptEvents)
	}
}

func (w *world) putResponse(r *rememberedResponse) {
	if w.responses[r.Key] == nil {
		w.remembered = append(w.remembered, r.Key)
	}
	w.responses[r.Key] = r
	if len(w.remembered) > keptResponses {
		delete(w.responses, w.remembered[0])
		w.remembered = w.remembered[1:]
	}
}

// forgetEvents lets go of those among the n oldest events that every endpoint has.
func (w *world) forgetEvents(n int) {
	kept := w.timeline[:0:0]
	for i, e := range w.timeline {
		if i >= n || len(e.Pending) > 0 {
			kept = append(kept, e)
			continue
		}
		delete(w.events, e.ID)
	}
	w.timeline = kept
}
