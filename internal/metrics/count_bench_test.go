package metrics

import (
	"net/http"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/registry"
)

// BenchmarkCountAnEvent is all that counting adds to a webhook whose observation is in a group of its own.
func BenchmarkCountAnEvent(b *testing.B) {
	m := New("v1", []string{"account.updated"})
	now := time.Now()
	for b.Loop() {
		ended := m.Begun()
		m.Committed(1, time.Millisecond, nil)
		m.Observed(registry.Webhook, registry.Applied)
		m.Stored("account.updated", registry.Outcome{Result: registry.Applied}, now.Add(-time.Second), now)
		m.Answered(http.MethodPost, "/api/connectWebhook", http.StatusOK, time.Millisecond)
		ended()
	}
}
