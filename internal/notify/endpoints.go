package notify

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

const (
	// MostEndpoints is how many there may be: each has a queue of its own, which every process asks for jobs once a second.
	MostEndpoints = 100
	// formerSigns is how long a rotated secret signs beside the new one.
	formerSigns = 24 * time.Hour
	secretBytes = 32
	endOfIDs    = "~" // after every id
)

// EndpointsConfig is what Endpoints needs. All of it is required but Resolver and Changed.
type EndpointsConfig struct {
	Pool     *pgxpool.Pool
	Jobs     *river.Client[pgx.Tx] // it only inserts
	Livemode bool
	Resolver *net.Resolver // nil means the machine's
	Changed  func()        // is told of an endpoint that was made or deleted
	Now      func() time.Time
	Logger   *slog.Logger
}

// Endpoints are where events are sent to, and what was sent there.
type Endpoints struct {
	cfg EndpointsConfig
	q   *db.Queries
}

// NewEndpoints makes one.
func NewEndpoints(cfg EndpointsConfig) *Endpoints {
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	return &Endpoints{cfg: cfg, q: db.New(cfg.Pool)}
}

// EndpointParams is what an endpoint is made of.
type EndpointParams struct {
	// ID is one of NewEndpointID's: however often an endpoint is asked for by it, one is made. "" draws one.
	ID    string
	URL   string
	Types []string // of Types; none means all
	By    account.Actor
}

// Create makes an endpoint, which gets what happens from then on. It alone, and Rotate, shows the secret. What is wrong with the
// parameters is an account.Error.
func (e *Endpoints) Create(ctx context.Context, p EndpointParams) (client.EventEndpoint, error) {
	if err := checkURL(ctx, p.URL, e.cfg.Livemode, e.cfg.Resolver); err != nil {
		return client.EventEndpoint{}, err
	}
	types, err := typesOf(p.Types)
	if err != nil {
		return client.EventEndpoint{}, err
	}
	now := e.now()
	id := cmp.Or(p.ID, NewEndpointID(now))
	if !endpointIDs.MatchString(id) {
		return client.EventEndpoint{}, account.InvalidField("id", "There can be no event endpoint %q.", id)
	}
	params := db.CreateEventEndpointParams{
		ID: id, Url: p.URL, Types: types, Secret: newSecret(), At: now, Most: MostEndpoints,
	}
	made, err := e.change(ctx, "create_endpoint", p.By, func(q *db.Queries) ([]db.EventEndpoint, error) {
		return q.CreateEventEndpoint(ctx, params)
	})
	if account.KindOf(err) == account.NotFound {
		if _, err := e.Get(ctx, id); err == nil {
			return client.EventEndpoint{}, account.Errorf(account.Conflict, "Event endpoint %s was made before.", id)
		}
		return made, account.Errorf(account.Conflict, "There are %d event endpoints, as many as there may be; delete one first.", MostEndpoints)
	}
	made.Secret = params.Secret
	return made, err
}

var endpointIDs = regexp.MustCompile(`^ep_[0-9a-f]{13}[a-z2-7]{12}$`)

// typesOf refuses unknown types; each is kept once.
func typesOf(asked []string) ([]string, error) {
	types := []string{}
	for i, t := range asked {
		if !slices.Contains(Types(), t) {
			return nil, account.InvalidField(fmt.Sprintf("types[%d]", i), "is not a type of event; there are %s", strings.Join(Types(), ", "))
		}
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types, nil
}

// Get is one endpoint, without its secret.
func (e *Endpoints) Get(ctx context.Context, id string) (client.EventEndpoint, error) {
	rows, err := e.q.EventEndpointByID(ctx, id)
	if err != nil {
		return client.EventEndpoint{}, fmt.Errorf("read event endpoint %s: %w", id, err)
	}
	if len(rows) == 0 {
		return client.EventEndpoint{}, noEndpoint(id)
	}
	return shown(rows[0]), nil
}

// List is a page of at most limit endpoints, newest first, from where the page of the cursor ended ("": from the first), and the
// cursor of the next page, "" at the end.
func (e *Endpoints) List(ctx context.Context, cursor string, limit int) (found []client.EventEndpoint, next string, err error) {
	before, err := beforeOf(cursor, "created_at")
	if err != nil {
		return nil, "", err
	}
	rows, err := e.q.ListEventEndpoints(ctx, db.ListEventEndpointsParams{Before: before, N: int32(limit + 1)}) //nolint:gosec // the page's length is bounded
	if err != nil {
		return nil, "", fmt.Errorf("list event endpoints: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = registry.CursorAt("created_at", rows[limit-1].CreatedAt, rows[limit-1].ID)
	}
	found = make([]client.EventEndpoint, len(rows))
	for i, row := range rows {
		found[i] = shown(row)
	}
	return found, next, nil
}

// beforeOf is the id that a page ended with, or one that is after all.
func beforeOf(cursor, sort string) (id string, err error) {
	if cursor == "" {
		return endOfIDs, nil
	}
	_, id, err = registry.ParseCursorAt(cursor, sort)
	return id, err
}

// Delete deletes an endpoint: nothing more is sent to it. What was sent is kept for as long as other deliveries are.
func (e *Endpoints) Delete(ctx context.Context, id string, by account.Actor) error {
	_, err := e.change(ctx, "delete_endpoint", by, func(q *db.Queries) ([]db.EventEndpoint, error) {
		gone, err := q.DeleteEventEndpoint(ctx, id)
		return madeOf(gone), err
	})
	return named(err, id)
}

func madeOf(ids []string) []db.EventEndpoint {
	rows := make([]db.EventEndpoint, len(ids))
	for i, id := range ids {
		rows[i].ID = id
	}
	return rows
}

// Rotate gives the endpoint a new secret, which it alone shows; the one of until now signs beside it for a day.
// Of many rotations in a day the last ten have former secrets that sign.
func (e *Endpoints) Rotate(ctx context.Context, id string, by account.Actor) (client.EventEndpoint, error) {
	secret := newSecret()
	made, err := e.change(ctx, "rotate_endpoint", by, func(q *db.Queries) ([]db.EventEndpoint, error) {
		return q.RotateEventSecret(ctx, db.RotateEventSecretParams{ID: id, Secret: secret, Until: e.now().Add(formerSigns)})
	})
	made.Secret = secret
	return made, named(err, id)
}

// Enable sends to an endpoint again that was switched off: what happens from then on.
func (e *Endpoints) Enable(ctx context.Context, id string, by account.Actor) (client.EventEndpoint, error) {
	made, err := e.change(ctx, "enable_endpoint", by, func(q *db.Queries) ([]db.EventEndpoint, error) {
		return q.EnableEventEndpoint(ctx, id)
	})
	return made, named(err, id)
}

// change changes one endpoint, and writes that down. Without an endpoint it is account.NotFound.
func (e *Endpoints) change(
	ctx context.Context, action string, by account.Actor, do func(*db.Queries) ([]db.EventEndpoint, error),
) (made client.EventEndpoint, err error) {
	err = pgx.BeginFunc(ctx, e.cfg.Pool, func(tx pgx.Tx) error {
		rows, err := do(db.New(tx))
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		if len(rows) == 0 {
			return noEndpoint("")
		}
		made = shown(rows[0])
		return registry.Record(ctx, db.New(tx), registry.Act{At: e.now(), By: by, Action: action, Subject: made.ID})
	})
	if err == nil {
		e.cfg.Changed()
	}
	return made, err
}

func (e *Endpoints) now() time.Time { return e.cfg.Now().UTC().Truncate(time.Microsecond) }

// shown is an endpoint without its secrets.
func shown(row db.EventEndpoint) client.EventEndpoint {
	return client.EventEndpoint{ID: row.ID, URL: row.Url, Types: row.Types, CreatedAt: row.CreatedAt, DisabledAt: row.DisabledAt}
}

// newSecret is one as Standard Webhooks have it: whsec_ and 24 to 64 bytes in base64.
func newSecret() string {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // it never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

func noEndpoint(id string) *account.Error {
	return account.Errorf(account.NotFound, "There is no event endpoint %q here.", id)
}

// named says which endpoint is not there.
func named(err error, id string) error {
	if account.KindOf(err) == account.NotFound {
		return noEndpoint(id)
	}
	return err
}
