package registry_test

import (
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// BenchmarkPlan says how long a page of a plan takes, of a thousand accounts among 100,000, of which most would lose.
func BenchmarkPlan(b *testing.B) {
	m := newManyAccounts(b, 100_000)
	strict := account.DefaultPolicy()
	strict.Countries = []string{"US"}
	b.ReportAllocs()
	var planner *registry.Planner
	for b.Loop() {
		if planner == nil || planner.Done {
			var err error
			if planner, err = m.registry.NewPlanner(b.Context(), strict); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := planner.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
