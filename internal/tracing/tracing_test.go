package tracing_test

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/tracing"
)

// TestAReceiverIsAURL: the exporter would take anything, and send nothing.
func TestAReceiverIsAURL(t *testing.T) {
	const all, traces = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	for _, c := range []struct{ all, traces, wrong string }{
		{},
		{all: "http://127.0.0.1:4318"},
		{all: "https://user:secret@receiver.example/otlp"},
		{all: "127.0.0.1:4318", wrong: all},
		{all: "localhost:4318", wrong: all},
		{all: "grpc://localhost:4317", wrong: all},
		{all: "http://", wrong: all},
		{all: "user:secret@receiver.example", wrong: all},
		{all: "localhost:4318", traces: "http://localhost:4318/v1/traces"}, // of traces the second is told
		{all: "http://localhost:4318", traces: "localhost:4318", wrong: traces},
	} {
		t.Setenv(all, c.all)
		t.Setenv(traces, c.traces)
		var said string
		for _, err := range tracing.Check() {
			said += err.Error()
		}
		if (said == "") != (c.wrong == "") || !strings.Contains(said, c.wrong) || strings.Contains(said, "secret") {
			t.Errorf("%+v: %q", c, said)
		}
		if said != "" && !strings.Contains(said, "example: http://127.0.0.1:4318") {
			t.Errorf("%q does not say what to write", said)
		}
	}
}
