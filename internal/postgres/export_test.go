package postgres

import (
	"context"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ShareServerFor is ShareServer with another time to idle, for tests that stand outside the package.
var ShareServerFor = shareServer

// Program is a connectd that has these migrations.
type Program struct{ Files fs.FS }

func (p Program) Up(ctx context.Context, url string, logger *slog.Logger) error {
	return migrateUp(ctx, url, p.Files, logger)
}

func (p Program) Down(ctx context.Context, url string, logger *slog.Logger) error {
	return migrateDown(ctx, url, p.Files, logger)
}

func (p Program) Ready(ctx context.Context, pool *pgxpool.Pool) error {
	steps, err := readSteps(p.Files)
	if err != nil {
		return err
	}
	return ready(ctx, pool, steps)
}
