package connecttest_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

// checkout is a product's code under test.
func checkout(rep *client.Replica, sellerID string) string {
	if !rep.CanTransact(sellerID) {
		return "This shop can't take payments just now."
	}
	return "Pay"
}

func TestACheckoutAsksTheReplica(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	s.Set(client.Readiness{SellerID: "shop-42", CanTransact: true})
	changed := make(chan client.Readiness, 1)
	rep, err := s.Client().Replica(t.Context(), client.OnChange(func(_, after client.Readiness) { changed <- after }))
	if err != nil {
		t.Fatal(err)
	}
	if said := checkout(rep, "shop-42"); said != "Pay" {
		t.Error(said)
	}
	s.Set(client.Readiness{SellerID: "shop-42"})
	select {
	case <-changed:
	case <-time.After(time.Minute):
		t.Fatalf("the change did not come: %+v", rep.State())
	}
	if said := checkout(rep, "shop-42"); said == "Pay" {
		t.Error(said)
	}
}
