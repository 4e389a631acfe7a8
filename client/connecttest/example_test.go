package connecttest_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

// In a test the first four lines are one: s := connecttest.Start(t).
func Example() {
	s := connecttest.New()
	listening := httptest.NewServer(s)
	defer listening.Close()
	s.URL = listening.URL

	s.Set(client.Readiness{SellerID: "shop-42", CanTransact: true})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	changed := make(chan client.Readiness)
	rep, err := s.Client().Replica(ctx, client.OnChange(func(_, after client.Readiness) { changed <- after }))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rep.CanTransact("shop-42"), rep.CanTransact("nobody"))

	s.Set(client.Readiness{SellerID: "shop-42", Reasons: []client.Reason{
		{Code: "requirement_past_due", Message: "Stripe needs external_account: it is past due.", Who: "seller"},
	}})
	after := <-changed
	fmt.Println(rep.CanTransact("shop-42"), after.Status, after.Reasons[0].Who)

	s.Down() // what is known stays known
	fmt.Println(rep.CanTransact("shop-42"), rep.Len())
	// Output:
	// true false
	// false restricted seller
	// false 1
}
