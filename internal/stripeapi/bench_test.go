package stripeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/sandboxtest"
)

// BenchmarkBudget is a scan by one process and by three, each with pool and budget of its own, through the sandbox. It reports
// how much of the permitted rate was used (the aim is 95 % or more), and the greatest number of calls that left, and that the
// sandbox saw, in any second (the aim is the rate at the most; what has left may bunch on the way).
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

func benchmarkBudget(b *testing.B, box *sandboxtest.Sandbox, id string, rate float64, processes int) {
	url := postgrestest.URL(b)
	out := &departures{}
	scans := make([]*stripeapi.Client, processes)
	for i := range scans {
		scans[i] = startProcess(b, box, url, rate, out)
	}
	const lasts = 8 * time.Second
	for b.Loop() {
		began := len(arrived(b, box, 0))
		out.take()
		ctx, cancel := context.WithTimeout(b.Context(), lasts)
		var working sync.WaitGroup
		for _, scan := range scans {
			for range 64 {
				working.Go(func() { retrieveAll(ctx, b, scan, id) })
			}
		}
		working.Wait()
		cancel()
		calls := arrived(b, box, began)
		b.ReportMetric(float64(len(calls))/(rate*lasts.Seconds()), "×permitted")
		b.ReportMetric(float64(most(out.take())), "left/worst-second")
		b.ReportMetric(float64(most(calls)), "arrived/worst-second")
	}
}

func startProcess(b *testing.B, box *sandboxtest.Sandbox, url string, rate float64, out *departures) *stripeapi.Client {
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
		SecretKey: stripeapi.Secret(box.Key), APIBase: box.URL, ConnectBase: box.URL, Pacer: watched{budget, out},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client
}

func retrieveAll(ctx context.Context, b *testing.B, client *stripeapi.Client, id string) {
	for {
		err := retrieveInTurn(ctx, client, id)
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err != nil {
			b.Error(err)
			return
		}
	}
}

func makeAccount(b *testing.B, box *sandboxtest.Sandbox) string {
	var made struct{ ID string }
	res, err := http.Post(box.URL+"/sandbox/accounts", "application/json", strings.NewReader(`{"persona":"complete"}`))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.ID == "" {
		b.Fatalf("%s: %v", res.Status, err)
	}
	return made.ID
}

// arrived is when the sandbox saw the requests after the first so many.
func arrived(b *testing.B, box *sandboxtest.Sandbox, after int) []time.Time {
	res, err := http.Get(fmt.Sprintf("%s/sandbox/requests?since=%d", box.URL, after))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var requests []struct{ At time.Time }
	if err := json.NewDecoder(res.Body).Decode(&requests); err != nil {
		b.Fatal(err)
	}
	at := make([]time.Time, len(requests))
	for i, r := range requests {
		at[i] = r.At
	}
	return at
}

// departures are when calls of all processes left.
type departures struct {
	mu sync.Mutex
	at []time.Time
}

// take returns them in order, and forgets them.
func (d *departures) take() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.at
	d.at = nil
	slices.SortFunc(at, time.Time.Compare)
	return at
}

// watched is a process's budget whose departures are noted.
type watched struct {
	*stripeapi.Budget
	out *departures
}

func (w watched) Wait(ctx context.Context) error {
	err := w.Budget.Wait(ctx)
	if err == nil {
		w.out.mu.Lock()
		w.out.at = append(w.out.at, time.Now())
		w.out.mu.Unlock()
	}
	return err
}
