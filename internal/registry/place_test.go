package registry_test

import (
	"context"
	"testing"

	"github.com/connectd/connectd/internal/registry"
)

// TestWhatIsToldOfAnAccountIsReached, so that nothing older is answered of its seller: each is told by one process of what
// another has stored.
func TestWhatIsToldOfAnAccountIsReached(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *registry.Registry) error{
		"an account": func(ctx context.Context, r *registry.Registry) error { _, err := r.Account(ctx, "acct_1"); return err },
		"a seller's": func(ctx context.Context, r *registry.Registry) error { _, _, err := r.HeldBy(ctx, "s1"); return err },
		"a history": func(ctx context.Context, r *registry.Registry) error {
			_, err := r.History(ctx, "acct_1", 0, 1)
			return err
		},
		"a list": func(ctx context.Context, r *registry.Registry) error {
			_, err := r.Accounts(ctx, registry.AccountQuery{})
			return err
		},
		"an empty list": func(ctx context.Context, r *registry.Registry) error {
			_, err := r.Accounts(ctx, registry.AccountQuery{Status: "rejected"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := connectedFixture(t)
			reader, at := open(t, f.pool), registry.Place{}
			if err := f.pool.QueryRow(t.Context(), "select epoch, position from feed").Scan(&at.Epoch, &at.Position); err != nil {
				t.Fatal(err)
			}
			if err := ask(t.Context(), reader); err != nil || reader.Reached() != at {
				t.Errorf("reached %v, want %v; %v", reader.Reached(), at, err)
			}
		})
	}
}
