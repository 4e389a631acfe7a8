package stripeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/sandbox/sandboxtest"
	"github.com/connectd/connectd/internal/stripeapi"
)

// BenchmarkBudget is a scan by one process and by three, each with pool and budget of its own, through the sandbox. It reports
// how much of the permitted rate was used (the aim is 95 % or more) and the greatest number of calls that left, and that
// reached Stripe, in any second, over the rate (the aim is 1 and no more, beside one lot that the network may bunch).
func BenchmarkBudget(b *testing.B) {
	box := sandboxtest.Start(b)
	id := makeAccount(b, box)
	for _, rate := range []float64{20, 50, 500} {
		for _, processes := range []int{1, 3} {
			b.Run(fmt.Sprintf("rate=%v/processes=%d", rate, processes), func(b *testing.B) {
				benchmarkBudget(b, box, id, rate, processes)
			})
		}
	}
}

func benchmarkBudget(b *testing.B, box *sandbox.Sandbox, id string, rate float64, processes int) {
	url := postgrestest.URL(b)
	scans := make([]*stripeapi.Client, processes)
	for i := range scans {
		scans[i] = startProcess(b, box, url, rate)
	}
	const lasts = 8 * time.Second
	for b.Loop() {
		since := arrived(b, box, 0)
		began := 0
		if len(since) > 0 {
			began = since[len(since)-1].N
		}
		ctx, cancel := context.WithTimeout(b.Context(), lasts)
		var working sync.WaitGroup
		for _, scan := range scans {
			for range 16 {
				working.Go(func() { retrieveAll(ctx, b, scan, id) })
			}
		}
		working.Wait()
		cancel()
		calls := make([]time.Time, 0, int(rate*lasts.Seconds()))
		for _, r := range arrived(b, box, began) {
			calls = append(calls, r.At)
		}
		b.ReportMetric(float64(len(calls))/(rate*lasts.Seconds()), "×permitted")
		b.ReportMetric(float64(most(calls))/rate, "×permitted/worst-second")
		b.ReportMetric(float64(most(calls)), "calls/worst-second")
	}
}

func startProcess(b *testing.B, box *sandbox.Sandbox, url string, rate float64) *stripeapi.Client {
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	budget := stripeapi.NewBudget(stripeapi.BudgetConfig{
		Queries: db.New(pool), Rate: rate, Clock: quartz.NewReal(), Logger: slog.New(slog.DiscardHandler),
	})
	postgrestest.CloseAtEnd(b, budget)
	client, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(box.Platform().Key), APIBase: box.URL(), ConnectBase: box.URL(), Pacer: budget,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client.Scan()
}

func retrieveAll(ctx context.Context, b *testing.B, scan *stripeapi.Client, id string) {
	for {
		_, err := scan.Account(ctx, id)
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err != nil {
			b.Error(err)
			return
		}
	}
}

func makeAccount(b *testing.B, box *sandbox.Sandbox) string {
	var made struct{ ID string }
	res, err := http.Post(box.URL()+"/sandbox/accounts", "application/json", strings.NewReader(`{"persona":"complete"}`))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.ID == "" {
		b.Fatalf("%s: %v", res.Status, err)
	}
	return made.ID
}

type arrival struct {
	N  int
	At time.Time
}

// arrived are the requests that the sandbox saw after the one of that number.
func arrived(b *testing.B, box *sandbox.Sandbox, after int) []arrival {
	res, err := http.Get(fmt.Sprintf("%s/sandbox/requests?since=%d", box.URL(), after))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var requests []arrival
	if err := json.NewDecoder(res.Body).Decode(&requests); err != nil {
		b.Fatal(err)
	}
	return requests
}
