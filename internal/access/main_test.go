package access_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/connectd/connectd/internal/postgres"
)

func TestMain(m *testing.M) {
	postgres.Main()
	// scs makes a store in memory before it is given one, and lets it run.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
}
