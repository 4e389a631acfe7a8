package webhook_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	ours "github.com/connectd/connectd/internal/webhook"
	"github.com/connectd/connectd/sandboxtest"
)

// ingest is the handler on a durable server, with 300 connected accounts. Under /0, /1, … are handlers whose committers are
// their own.
type ingest struct {
	pool     *pgxpool.Pool
	registry *registry.Registry
	address  string
	accounts []*changing
}

func newIngest(b *testing.B) *ingest {
	pool, err := pgxpool.New(b.Context(), postgrestest.DurableURL(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	requireDurability(b, pool)
	if err := registry.SeedPolicy(b.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		b.Fatal(err)
	}
	in := &ingest{pool: pool}
	in.serve(b)
	in.connectAccounts(b)
	return in
}

// requireDurability: what is measured without it says nothing of a user's server.
func requireDurability(b *testing.B, pool *pgxpool.Pool) {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := pool.QueryRow(b.Context(), `select current_setting($1)`, setting).Scan(&value); err != nil {
			b.Fatal(err)
		}
		if value != "on" {
			b.Fatalf("%s is %s: this measures nothing", setting, value)
		}
	}
}

func (in *ingest) serve(b *testing.B) {
	paths := http.NewServeMux()
	in.registry = in.handle(b, paths, "/")
	for i := range platformsLoad {
		in.handle(b, paths, fmt.Sprintf("/%d", i))
	}
	server := httptest.NewServer(paths)
	b.Cleanup(server.Close)
	in.address = server.Listener.Addr().String()
}

// handle adds a handler with a registry, and so a committer, of its own.
func (in *ingest) handle(b *testing.B, paths *http.ServeMux, path string) *registry.Registry {
	r, err := registry.New(b.Context(), in.pool, registry.Config{})
	if err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, r)
	paths.Handle(path, ours.New(ours.Config{Registry: r, Secrets: []string{secret}, Logger: slog.New(slog.DiscardHandler)}))
	return r
}

// changing is an account that each of its events changes.
type changing struct {
	id      string
	objects [2]string // with charges on, and off
	events  int
}

// firstSecond of Stripe's clock is when the connections begin.
const firstSecond = 1_700_000_000

func (in *ingest) connectAccounts(b *testing.B) {
	shown, on, off := sandboxObjects(b)
	var grants []registry.Observation
	for i := range changingAccounts {
		id := fmt.Sprintf("acct_1ingest%09d", i)
		grants = append(grants, registry.Granted(registry.Grant{
			SellerID: fmt.Sprintf("shop-%d", i), AccountID: id, Interval: account.At(time.Unix(firstSecond, 0)),
		}))
		rename := strings.NewReplacer(shown, id)
		in.accounts = append(in.accounts, &changing{id: id, objects: [2]string{rename.Replace(on), rename.Replace(off)}})
	}
	if _, err := in.registry.Observe(b.Context(), grants); err != nil {
		b.Fatal(err)
	}
}

// sandboxObjects are an account as Stripe shows it, with charges on and off.
func sandboxObjects(b *testing.B) (id, on, off string) {
	box := sandboxtest.Start(b)
	id = box.Connect(sandboxtest.Complete)
	on = string(box.Stored(id))
	box.ChangeSilently(id, sandboxtest.Patch{"charges_enabled": false})
	return id, on, string(box.Stored(id))
}

// next is the account's next event, a second after the one before.
func (a *changing) next() []byte {
	a.events++
	return fmt.Appendf(nil, `{"id":"evt_%s_%d","object":"event","account":"%s","api_version":"2023-10-16","created":%d,"livemode":false,
		"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"account.updated","data":{"object":%s}}`,
		a.id, a.events, a.id, firstSecond+a.events, a.objects[a.events%2])
}

// connection delivers the events of its accounts, one at a time. It is less than Go's own client, which takes as much of the
// machine as the handler does.
type connection struct {
	net.Conn
	answers  *bufio.Reader
	path     string
	accounts []*changing
	sent     int
}

// connect opens n connections, each of which has its share of the accounts.
func (in *ingest) connect(n int) func(*testing.B) []*connection {
	return func(b *testing.B) []*connection {
		connections := make([]*connection, n)
		for i := range connections {
			c, err := net.Dial("tcp", in.address)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = c.Close() })
			connections[i] = &connection{Conn: c, answers: bufio.NewReader(c), path: "/"}
		}
		for i, a := range in.accounts {
			c := connections[i%n]
			c.accounts = append(c.accounts, a)
		}
		return connections
	}
}

// connectApart opens connections each to a handler of its own.
func (in *ingest) connectApart(b *testing.B) []*connection {
	connections := in.connect(platformsLoad)(b)
	for i, c := range connections {
		c.path = fmt.Sprintf("/%d", i)
	}
	return connections
}

func (c *connection) deliverNext() error {
	body := c.accounts[c.sent%len(c.accounts)].next()
	c.sent++
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: connectd\r\nContent-Type: application/json\r\nContent-Length: %d\r\nStripe-Signature: %s\r\n\r\n",
		c.path, len(body), signed(body, secret, time.Now()))
	if _, err := c.Write(append([]byte(head), body...)); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s: %s", res.Status, answer)
	}
	return err
}
