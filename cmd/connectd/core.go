package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/connectd/connectd/internal/app"
)

// withCore gives a command a core and closes it.
func withCore(logger *slog.Logger, use func(*app.Core) error) error {
	core := app.NewCore(logger)
	err := use(core)
	return errors.Join(err, core.Close(context.Background()))
}
