package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// startKept starts a sandbox whose state file is written anew each time that it has doubled, however small it is.
func startKept(t *testing.T, path string) *Sandbox {
	t.Helper()
	s, err := Start(t.Context(), Config{StateFile: path, RewriteFrom: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Sandbox) answers(t *testing.T, method, path, body string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.Platform().Key)
	s.server.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestStateFileStaysSmallWhileRunning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	s := startKept(t, path)
	s.answers(t, http.MethodPost, "/sandbox/accounts", `{"persona":"complete","id":"acct_1kept"}`)
	var written int64
	for n := range 2000 {
		s.state.writing.Lock()
		before := s.state.journal.size
		s.state.writing.Unlock()
		s.answers(t, http.MethodPost, "/sandbox/accounts/acct_1kept?silent=1", fmt.Sprintf(`{"metadata":{"n":"%d"}}`, n))
		s.state.rewriter.wg.Wait()
		written += max(sizeOf(t, path)-before, 0)
	}
	if size := sizeOf(t, path); size > 16<<10 || written < 5*size {
		t.Errorf("the state file has %d bytes after %d were written to it", size, written)
	}
	before := s.answers(t, http.MethodGet, "/v1/accounts/acct_1kept", "")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := startKept(t, path)
	if after := again.answers(t, http.MethodGet, "/v1/accounts/acct_1kept", ""); after != before {
		t.Errorf("account was\n%s\nis\n%s", before, after)
	}
	if err := again.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestRequestsAreAnsweredWhileTheStateFileIsWrittenAnew holds the writing up for as long as the requests take: what is
// to be written is a pipe that nobody reads. Then it fails, which loses nothing either.
func TestRequestsAreAnsweredWhileTheStateFileIsWrittenAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	s := startKept(t, path)
	if err := unix.Mkfifo(path+nextSuffix, 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		name := fmt.Sprintf("Tea %d", n)
		made := s.answers(t, http.MethodPost, "/v1/products", "name="+strings.ReplaceAll(name, " ", "+"))
		if !strings.Contains(made, name) {
			t.Fatalf("made %s", made)
		}
	}
	products := s.answers(t, http.MethodGet, "/v1/products?limit=100", "")
	s.state.writing.Lock()
	running := s.state.rewriter.running
	s.state.writing.Unlock()
	if !running {
		t.Error("the state file was not being written anew")
	}
	pipe, err := os.Open(path + nextSuffix)
	if err != nil {
		t.Fatal(err)
	}
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := startKept(t, path)
	if after := again.answers(t, http.MethodGet, "/v1/products?limit=100", ""); after != products {
		t.Error("products are others than before")
	}
	if err := again.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
