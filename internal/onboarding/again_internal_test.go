package onboarding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/connectd/connectd/internal/registry"
)

func TestOnlyWhatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		pass bool
	}{
		"nothing wrong":             {nil, false},
		"a full queue":              {registry.ErrFull, true},
		"a registry that closes":    {registry.ErrClosed, false},
		"a panic":                   {errors.New("panic while committing: index out of range"), false},
		"a lock waited for in vain": {&pgconn.PgError{Code: pgerrcode.LockNotAvailable}, true},
		"a deadlock":                {&pgconn.PgError{Code: pgerrcode.DeadlockDetected}, true},
		"a server that stops":       {&pgconn.PgError{Code: pgerrcode.AdminShutdown}, true},
		"a full disk":               {&pgconn.PgError{Code: pgerrcode.DiskFull}, true},
		"a value that is none":      {&pgconn.PgError{Code: pgerrcode.CharacterNotInRepertoire}, false},
		"a constraint":              {&pgconn.PgError{Code: pgerrcode.UniqueViolation}, false},
		"a column that is not":      {&pgconn.PgError{Code: pgerrcode.UndefinedColumn}, false},
		"a server that is away":     {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, true},
		"a connection that broke":   {io.ErrUnexpectedEOF, true},
		"a connection not made":     {&pgconn.ConnectError{}, true},
		"a statement out of time":   {context.DeadlineExceeded, true},
	} {
		if got := mayPass(errors.Join(fmt.Errorf("commit: %w", tt.err))); tt.err != nil && got != tt.pass {
			t.Errorf("%s: tried again %v, want %v", name, got, tt.pass)
		}
	}
	if mayPass(nil) {
		t.Error("what went well is tried again")
	}
}
