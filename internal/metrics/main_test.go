package metrics

import (
	"testing"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }
