//go:build faults

package faults

import (
	"context"
	"math/rand/v2"
	"syscall"
)

// fault is a way of breaking the world. Two that use the same part are not done at once.
type fault struct {
	name string
	uses string
	do   func(context.Context, *world, *rand.Rand) (trouble, error)
}

// trouble is a fault that was done: to what, where that was drawn, and how it ends. One that says when it is enough lasts until then,
// where that comes soon.
type trouble struct {
	on     string
	undo   func(context.Context) error
	enough func() bool
}

var faults = []fault{
	{"kill -9 of a replica", "replicas", killReplica},
	{"kill -9 of Postgres", "postgres", killPostgres},
	{"kill -9 of the sandbox", "sandbox", killSandbox},
	{"a rolling restart", "replicas", rollingRestart},
	{"a link that is cut", "links", cutLink},
	{"a slow link", "links", poisonLink(slow)},
	{"a half-open link", "links", poisonLink(halfOpen)},
	{"a full disk", "postgres", fillDisk},
	{"Stripe errs", "stripe", stripeFault(`[{"path":"/v1/*","status":500,"rate":0.7},{"path":"/oauth/token","status":500,"rate":0.5}]`)},
	{"Stripe rate-limits", "stripe", rateLimit},
	{"Stripe answers late", "stripe", stripeFault(`[{"path":"/v1/*","latency_ms":1500,"rate":0.5},{"path":"/oauth/token","latency_ms":3000}]`)},
	{"Stripe answers what was so before", "stripe", stripeFault(`[{"path":"/v1/accounts/*","method":"GET","hold_ms":1500}]`)},
	{"Stripe's answers are lost", "stripe", loseAnswers},
	{"webhooks twice", "webhooks", deliver(`{"mode":"duplicate"}`)},
	{"webhooks in reverse", "webhooks", deliver(`{"mode":"reverse"}`)},
	{"webhooks held", "webhooks", deliver(`{"mode":"hold"}`)},
}

func faultNames() []string {
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = f.name
	}
	return names
}

func killReplica(_ context.Context, w *world, choose *rand.Rand) (trouble, error) {
	r := w.replicas[choose.IntN(len(w.replicas))]
	return trouble{on: r.name, undo: func(context.Context) error { return r.start() }}, r.end(syscall.SIGKILL)
}

func killPostgres(_ context.Context, w *world, _ *rand.Rand) (trouble, error) {
	return trouble{undo: w.database.start}, w.database.kill()
}

func killSandbox(_ context.Context, w *world, _ *rand.Rand) (trouble, error) {
	return trouble{undo: w.stripe.start}, w.stripe.kill()
}

// rollingRestart ends one replica after the other as a deployment does, each once the one before is back.
func rollingRestart(_ context.Context, w *world, choose *rand.Rand) (trouble, error) {
	first := choose.IntN(len(w.replicas))
	restart := func(r *replica) error {
		if err := r.end(syscall.SIGTERM); err != nil {
			return err
		}
		return r.start()
	}
	for i := range w.replicas {
		if err := restart(w.replicas[(first+i)%len(w.replicas)]); err != nil {
			return trouble{}, err
		}
	}
	return trouble{on: w.replicas[first].name + " first", undo: func(context.Context) error { return nil }}, nil
}

func (w *world) links() []*link {
	all := []*link{w.hooks}
	for _, r := range w.replicas {
		all = append(all, r.postgres, r.stripe)
	}
	return all
}

func cutLink(_ context.Context, w *world, choose *rand.Rand) (trouble, error) {
	links := w.links()
	l := links[choose.IntN(len(links))]
	l.cut()
	return trouble{on: l.proxy.Name, undo: func(context.Context) error { return l.mend() }}, nil
}

func poisonLink(with []toxic) func(context.Context, *world, *rand.Rand) (trouble, error) {
	return func(_ context.Context, w *world, choose *rand.Rand) (trouble, error) {
		links := w.links()
		l := links[choose.IntN(len(links))]
		return trouble{on: l.proxy.Name, undo: func(context.Context) error { return l.cure(with) }}, l.poison(with)
	}
}

func fillDisk(_ context.Context, w *world, _ *rand.Rand) (trouble, error) {
	return trouble{undo: w.database.empty}, w.database.fill()
}

func stripeFault(orders string) func(context.Context, *world, *rand.Rand) (trouble, error) {
	return func(ctx context.Context, w *world, _ *rand.Rand) (trouble, error) {
		return trouble{undo: w.tell("faults", `[]`)}, w.tell("faults", orders)(ctx)
	}
}

// loseAnswers lasts until codes were presented: whoever presents one again has to be seen.
func loseAnswers(ctx context.Context, w *world, choose *rand.Rand) (trouble, error) {
	made, err := stripeFault(`[{"path":"/v1/*","drop":true,"rate":0.5},{"path":"/oauth/token","drop":true}]`)(ctx, w, choose)
	before := len(w.report().Exchanges)
	made.enough = func() bool { return len(w.report().Exchanges) >= before+2 }
	return made, err
}

func rateLimit(ctx context.Context, w *world, _ *rand.Rand) (trouble, error) {
	return trouble{undo: w.tell("limit", `{"per_second":0}`)}, w.tell("limit", `{"per_second":3}`)(ctx)
}

func deliver(mode string) func(context.Context, *world, *rand.Rand) (trouble, error) {
	return func(ctx context.Context, w *world, _ *rand.Rand) (trouble, error) {
		return trouble{undo: w.tell("delivery", `{"mode":"normal"}`)}, w.tell("delivery", mode)(ctx)
	}
}

// tell tells the sandbox, once it is there again where it was killed.
func (w *world) tell(path, body string) func(context.Context) error {
	return func(ctx context.Context) error { return w.stripe.insist(ctx, path, body) }
}
