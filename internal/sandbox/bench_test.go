package sandbox

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func startBench(b *testing.B, cfg Config) *Sandbox {
	b.Helper()
	s, err := Start(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Stop(b.Context()) })
	return s
}

func (s *Sandbox) makeBatch(b *testing.B, count string) {
	b.Helper()
	w := httptest.NewRecorder()
	body := strings.NewReader(`{"persona":"complete","count":` + count + `}`)
	s.server.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sandbox/accounts", body))
	if w.Code != http.StatusOK {
		b.Fatalf("make accounts: %d %s", w.Code, w.Body)
	}
}

// BenchmarkRetrieve is a retrieve's own time: all but the network. The aim is under 50 µs.
func BenchmarkRetrieve(b *testing.B) {
	for _, changed := range []string{"as its persona", "changed"} {
		b.Run(changed, func(b *testing.B) {
			s := startBench(b, Config{})
			s.makeBatch(b, "1000")
			id := s.state.world.order[500].ID
			if changed == "changed" {
				w := httptest.NewRecorder()
				patch := strings.NewReader(`{"charges_enabled":false,"requirements":{"currently_due":["external_account"]}}`)
				s.server.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sandbox/accounts/"+id, patch))
			}
			r := httptest.NewRequest(http.MethodGet, "/v1/accounts/"+id, nil)
			r.Header.Set("Authorization", "Bearer "+s.Platform().Key)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				s.server.Handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkMillionAccounts makes them, says what they weigh and opens their state file again. The aims are under 30 s
// and under 2 GiB.
func BenchmarkMillionAccounts(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "state.jsonl")
		s, err := Start(b.Context(), Config{StateFile: path})
		if err != nil {
			b.Fatal(err)
		}
		s.makeBatch(b, "1000000")
		for range 2 {
			if err := s.Stop(b.Context()); err != nil {
				b.Fatal(err)
			}
			if s, err = Start(b.Context(), Config{StateFile: path}); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapAlloc)/float64(len(s.state.world.order)), "B/account")
		if err := s.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRetrieveWhileStateIsKept is a retrieve among a million accounts while others change and are written to the
// state file, which is also written anew in the meantime or is not: keeping the state stops no one.
func BenchmarkRetrieveWhileStateIsKept(b *testing.B) {
	b.Run("appended to", func(b *testing.B) { benchmarkRetrieveAmongChanges(b, 0) })
	b.Run("written anew", func(b *testing.B) { benchmarkRetrieveAmongChanges(b, 1) })
}

func benchmarkRetrieveAmongChanges(b *testing.B, rewriteFrom int64) {
	s := startBench(b, Config{StateFile: filepath.Join(b.TempDir(), "state.jsonl"), RewriteFrom: rewriteFrom})
	s.makeBatch(b, "1000000")
	changing := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-changing:
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "changes/s")
				return
			default:
			}
			patch := strings.NewReader(`{"metadata":{"n":"` + strconv.Itoa(n) + `"}}`)
			r := httptest.NewRequest(http.MethodPost, "/sandbox/accounts/"+s.state.world.order[n%1000].ID, patch)
			s.server.Handler.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
	r := httptest.NewRequest(http.MethodGet, "/v1/accounts/"+s.state.world.order[500_000].ID, nil)
	r.Header.Set("Authorization", "Bearer "+s.Platform().Key)
	var longest time.Duration
	for b.Loop() {
		w, began := httptest.NewRecorder(), time.Now()
		s.server.Handler.ServeHTTP(w, r)
		longest = max(longest, time.Since(began))
		if w.Code != http.StatusOK {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	close(changing)
	writer.Wait()
	b.ReportMetric(float64(longest.Microseconds()), "longest-µs")
}
