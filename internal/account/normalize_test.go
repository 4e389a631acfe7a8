package account_test

import (
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
)

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

func copyOf(f account.Facts) account.Facts {
	f.Requirements = copyOfRequirements(f.Requirements)
	f.FutureRequirements = copyOfRequirements(f.FutureRequirements)
	f.Capabilities = maps.Clone(f.Capabilities)
	return f
}

func copyOfRequirements(r *account.Requirements) *account.Requirements {
	if r == nil {
		return nil
	}
	c := *r
	for _, list := range []*[]string{&c.CurrentlyDue, &c.PastDue, &c.EventuallyDue, &c.PendingVerification} {
		*list = slices.Clone(*list)
	}
	c.Errors = slices.Clone(c.Errors)
	if c.CurrentDeadline != nil {
		c.CurrentDeadline = ptr(*c.CurrentDeadline)
	}
	return &c
}

func copyOfPolicy(p account.Policy) account.Policy {
	for _, list := range []*[]string{&p.Countries, &p.Currencies, &p.RequiredCapabilities} {
		*list = slices.Clone(*list)
	}
	return p
}

// shuffle writes the same facts another way: lists in another order and with repetitions, times in another zone.
func shuffle(t *rapid.T, f account.Facts) account.Facts {
	f = copyOf(f)
	for _, r := range []*account.Requirements{f.Requirements, f.FutureRequirements} {
		if r == nil {
			continue
		}
		for _, list := range []*[]string{&r.CurrentlyDue, &r.PastDue, &r.EventuallyDue, &r.PendingVerification} {
			*list = reorder(t, *list)
		}
		r.Errors = reorder(t, r.Errors)
		if r.CurrentDeadline != nil {
			r.CurrentDeadline = ptr(r.CurrentDeadline.In(time.FixedZone("", -7200)))
		}
	}
	return f
}

func reorder[T any](t *rapid.T, items []T) []T {
	if len(items) == 0 {
		return nil
	}
	return append(rapid.Permutation(items).Draw(t, "order"), items[0])
}

func TestNormalizeIgnoresOrderAndRepetition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := facts().Draw(t, "facts")
		other := shuffle(t, f)
		if diff := cmp.Diff(f.Normalize(), other.Normalize()); diff != "" {
			t.Fatalf("the same facts differ:\n%s", diff)
		}
		if !f.Equal(other) {
			t.Fatal("the same facts are not equal")
		}
	})
}

func TestNormalizeTwiceIsNormalizeOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := facts().Draw(t, "facts").Normalize()
		if diff := cmp.Diff(once, once.Normalize()); diff != "" {
			t.Fatalf("changed by the second time:\n%s", diff)
		}
	})
}

func TestNormalizeLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := facts().Draw(t, "facts")
		want := copyOf(f)
		f.Normalize()
		if diff := cmp.Diff(want, f); diff != "" {
			t.Fatalf("changed by Normalize:\n%s", diff)
		}
	})
}

// Order decides nothing: the verdict of normalized facts differs from that of the facts in the order of reasons at most.
func TestNormalizeChangesNoVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, p := facts().Draw(t, "facts"), policies().Draw(t, "policy")
		plain, normal := account.Judge(f, p), account.Judge(f.Normalize(), p)
		plain.Reasons, normal.Reasons = nil, nil
		if diff := cmp.Diff(plain, normal); diff != "" {
			t.Fatalf("another verdict:\n%s", diff)
		}
	})
}

func TestFactsThatDifferAreNotEqual(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*account.Facts){
		"connected":     func(f *account.Facts) { f.Connected = false },
		"name":          func(f *account.Facts) { f.DisplayName = "Bob's" },
		"charges":       func(f *account.Facts) { f.ChargesEnabled = ptr(false) },
		"not said":      func(f *account.Facts) { f.ChargesEnabled = nil },
		"due":           func(f *account.Facts) { f.Requirements.CurrentlyDue = []string{"external_account"} },
		"deadline":      func(f *account.Facts) { f.FutureRequirements.CurrentDeadline = deadline() },
		"capability":    func(f *account.Facts) { f.Capabilities["transfers"] = "inactive" },
		"no capability": func(f *account.Facts) { f.Capabilities = nil },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, g := working(), working()
			change(&g)
			if f.Equal(g) {
				t.Error("facts that differ are equal")
			}
			if !g.Equal(g) {
				t.Error("facts are not equal to themselves")
			}
		})
	}
}
