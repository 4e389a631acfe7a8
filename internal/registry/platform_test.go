package registry_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestADatabaseBelongsToThePlatformThatCameFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, ok, err := f.BelongsTo(t.Context()); ok || err != nil {
		t.Fatalf("a new database is someone's: %v, %v", ok, err)
	}
	mine := registry.Platform{AccountID: "acct_platform"}
	for range 2 { // each start claims it
		if err := f.ClaimPlatform(t.Context(), mine); err != nil {
			t.Fatal(err)
		}
	}
	if owner, ok, err := f.BelongsTo(t.Context()); owner != mine || !ok || err != nil {
		t.Errorf("the database belongs to %+v, %v, %v", owner, ok, err)
	}
}

func TestADatabaseRefusesAnotherPlatformOrMode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.ClaimPlatform(t.Context(), registry.Platform{AccountID: "acct_platform"}); err != nil {
		t.Fatal(err)
	}
	for _, other := range []registry.Platform{{AccountID: "acct_other"}, {AccountID: "acct_platform", Livemode: true}} {
		err := f.ClaimPlatform(t.Context(), other)
		if account.KindOf(err) != account.Conflict {
			t.Fatalf("%+v: error %v", other, err)
		}
		for _, named := range []string{"acct_platform in test mode", other.AccountID + " in " + other.Mode() + " mode"} {
			if !strings.Contains(err.Error(), named) {
				t.Errorf("%q does not say %q", err, named)
			}
		}
	}
}

// TestOneOfTwoPlatformsThatStartTogetherGetsTheDatabase, and the other is told.
func TestOneOfTwoPlatformsThatStartTogetherGetsTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, id := range []string{"acct_a", "acct_b"} {
		wg.Go(func() { errs[i] = f.ClaimPlatform(t.Context(), registry.Platform{AccountID: id}) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("errors %v", errs)
	}
}
