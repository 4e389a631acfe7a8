package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

// connectd stands in these examples for one that runs, with an API key of yours.
var connectd = func() *connecttest.Server {
	s := connecttest.New()
	s.URL = serve(s)
	s.Set(client.Readiness{SellerID: "shop-42", CanTransact: true})
	s.Set(client.Readiness{SellerID: "shop-43", Reasons: []client.Reason{
		{Code: "requirement_past_due", Message: "Stripe needs external_account: it is past due.", Who: "seller"},
	}})
	return s
}()

func ExampleClient_Readiness() {
	c := client.New(connectd.URL, connectd.Key)
	r, err := c.Readiness(context.Background(), "shop-43")
	if err != nil {
		log.Print(err) // r can't transact
	}
	fmt.Println(r.CanTransact, r.Status)
	for _, reason := range r.Reasons {
		fmt.Printf("%s: %s\n", reason.Who, reason.Message)
	}
	// Output:
	// false restricted
	// seller: Stripe needs external_account: it is past due.
}

func ExampleClient_CreateOnboardingLink() {
	c := client.New(connectd.URL, connectd.Key)
	link, err := c.CreateOnboardingLink(context.Background(), client.OnboardingLinkParams{SellerID: "shop-44"})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(link.URL == connectd.URL+"/connect/shop-44")
	// Output: true
}

func ExampleClient_CreateProduct() {
	c := client.New(connectd.URL, connectd.Key)
	product, err := c.CreateProduct(context.Background(), "shop-42", client.ProductParams{Name: "Clay pot"})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(strings.HasPrefix(product.ID, "prod_"))
	// Output: true
}

// The platform keeps 15 % of what shop-42 sells.
func ExampleClient_CreateCheckoutSession() {
	c := client.New(connectd.URL, connectd.Key)
	pot := client.LineItem{Quantity: 2, PriceData: &client.PriceData{
		Currency: "eur", UnitAmount: 1990, ProductData: &client.ProductData{Name: "Clay pot"},
	}}
	sale := client.CheckoutSessionParams{
		LineItems: []client.LineItem{pot}, ApplicationFeePercent: 15,
		SuccessURL: "https://shop.example/paid?session={CHECKOUT_SESSION_ID}", IdempotencyKey: "order-7",
	}
	session, err := c.CreateCheckoutSession(context.Background(), "shop-42", sale)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(session.AmountTotal, session.Currency) // send the buyer to session.URL

	_, err = c.CreateCheckoutSession(context.Background(), "shop-43", sale)
	if e, ok := errors.AsType[*client.Error](err); ok && e.Code == "cannot_transact" {
		fmt.Println(e.Reasons[0].Who, e.Reasons[0].Message)
	}
	// Output:
	// 3980 eur
	// seller Stripe needs external_account: it is past due.
}

func ExampleClient_Replica() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	rep, err := client.New(connectd.URL, connectd.Key).Replica(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(rep.CanTransact("shop-42"), rep.CanTransact("shop-43"), rep.CanTransact("nobody"))
	fmt.Println(rep.State().State, rep.Age() < time.Minute)
	// Output:
	// true false false
	// following true
}

// A replica that starts while connectd is down, and says no rather than rely on what it has not heard of for ten minutes.
func ExampleSnapshotFile() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	rep, err := client.New(connectd.URL, connectd.Key).Replica(ctx,
		client.SnapshotFile("/var/lib/shop/connectd-replica"),
		client.MaxAge(10*time.Minute),
		client.StartWithin(time.Minute),
	)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(rep.CanTransact("shop-42"))
	// Output: true
}
