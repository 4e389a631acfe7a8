package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/upload"
)

func TestABodyThatNeverComesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	listener := httptest.NewServer(upload.Bounded(50*time.Millisecond, withBody(http.NotFoundHandler())))
	t.Cleanup(listener.Close)
	body, sender := io.Pipe()
	t.Cleanup(func() { _ = sender.Close() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, listener.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(said), `"code":"body_too_slow"`) {
		t.Errorf("%d %s", res.StatusCode, said)
	}
}
