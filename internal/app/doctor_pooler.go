package app

import (
	"context"

	"github.com/connectd/connectd/internal/postgres"
)

const mendDirect = "set CONNECTD_DATABASE_DIRECT_URL to a URL of the same database without a pooler between"

// pooler looks at whether what needs a session of its own has one. There is nothing to tell where no pooler is.
func (d Doctor) pooler(ctx context.Context) []Finding {
	way, err := postgres.WayOf(ctx, string(d.Database.DatabaseURL))
	if err != nil {
		return []Finding{{Name: "pooler", State: Wrong, Words: err.Error(), Fix: "see that DATABASE_URL leads to the database"}}
	}
	if d.Database.pooled() {
		return []Finding{d.direct(ctx, way)}
	}
	switch way {
	case postgres.Shares:
		return []Finding{{Name: "pooler", State: Wrong, Words: "DATABASE_URL leads by a pooler of transactions, through which nothing can be migrated and no NOTIFY comes", Fix: mendDirect}}
	case postgres.Sessions:
		return []Finding{{Name: "pooler", State: Fine, Words: "DATABASE_URL leads by a pooler that leaves each connection its session"}}
	}
	return nil
}

// direct looks at the way beside the pool's.
func (d Doctor) direct(ctx context.Context, pool postgres.Way) Finding {
	way, err := postgres.WayOf(ctx, d.Database.Direct())
	switch {
	case err != nil:
		return Finding{Name: "pooler", State: Wrong, Words: err.Error(), Fix: "see that CONNECTD_DATABASE_DIRECT_URL leads to the database"}
	case way == postgres.Shares:
		return Finding{Name: "pooler", State: Wrong, Words: "CONNECTD_DATABASE_DIRECT_URL leads by a pooler of transactions too", Fix: mendDirect}
	case pool == postgres.Direct:
		return Finding{Name: "pooler", State: Fine, Words: "none is in the way: CONNECTD_DATABASE_DIRECT_URL could go"}
	}
	return Finding{Name: "pooler", State: Fine, Words: "DATABASE_URL leads " + string(pool) + ", CONNECTD_DATABASE_DIRECT_URL by none that shares sessions"}
}
