package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
)

// filled starts a replica with a file and stops it, so that the file holds what the server says.
func (s *fake) filled(path string) {
	s.t.Helper()
	for i := range 100 {
		s.Set(yes(fmt.Sprintf("shop-%d", i)))
		s.Set(restricted(fmt.Sprintf("bad-%d", i), 0))
	}
	ctx, stop := context.WithCancel(s.t.Context())
	rep, err := s.client.Replica(ctx, client.SnapshotFile(path))
	if err != nil {
		s.t.Fatal(err)
	}
	stop()
	<-rep.Done()
}

func TestReplicaStartsFromItsFileWhileTheServerIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		path := filepath.Join(t.TempDir(), "replica")
		s.filled(path)
		s.Down()
		within(time.Hour)
		rep := s.replica(client.SnapshotFile(path))
		wantSame(t, rep, s.Server)
		wantState(t, rep, client.Interrupted)
		if age := rep.Age(); age < time.Hour || age > time.Hour+time.Minute {
			t.Errorf("%v old, want the file's hour", age)
		}
		s.Set(no("shop-1"))
		s.Up()
		within(5 * time.Second)
		wantSame(t, rep, s.Server)
		if age := rep.Age(); age > 10*time.Second {
			t.Errorf("%v old after the server came back", age)
		}
	})
}

// TestReplicaGoesOnFromItsFile without reading every seller again, and tells what changed since.
func TestReplicaGoesOnFromItsFile(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		path := filepath.Join(t.TempDir(), "replica")
		s.filled(path)
		s.Set(no("shop-1"))
		before := len(s.Requests())
		var told []string
		rep := s.replica(client.SnapshotFile(path), client.OnChange(func(_, after client.Readiness) {
			told = append(told, after.SellerID)
		}))
		synctest.Wait()
		wantSame(t, rep, s.Server)
		if diff := cmp.Diff([]string{"shop-1"}, told); diff != "" {
			t.Errorf("told of (-want +got):\n%s", diff)
		}
		for _, request := range s.Requests()[before:] {
			if request[:len("GET /v1/changes")] != "GET /v1/changes" {
				t.Errorf("it asked %s", request)
			}
		}
	})
}

func TestMaxAgeHoldsForTheFileToo(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		path := filepath.Join(t.TempDir(), "replica")
		s.filled(path)
		s.Down()
		within(time.Hour)
		rep := s.replica(client.SnapshotFile(path), client.MaxAge(time.Minute))
		if r, ok := rep.Readiness("shop-1"); !ok || r.CanTransact || rep.CanTransact("shop-1") {
			t.Errorf("said yes from a file that is an hour old: %+v", r)
		}
	})
}

// TestFilesThatDoNotFitAreNotUsed: the replica then starts as without one.
func TestFilesThatDoNotFitAreNotUsed(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"cut":                  func(b []byte) []byte { return b[:len(b)/2] },
		"without its foot":     func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] },
		"with a line lost":     func(b []byte) []byte { return append(cutLine(b, 5), b[lineEnd(b, 6):]...) },
		"of another server":    func(b []byte) []byte { return bytes.Replace(b, []byte("connectd.test"), []byte("connectd.live"), 1) },
		"of a later format":    func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":2`), 1) },
		"without a cursor":     func(b []byte) []byte { return bytes.Replace(b, []byte(`"1.200"`), []byte(`"1"`), 1) },
		"written in 2100":      func(b []byte) []byte { return bytes.Replace(b, []byte(`"heard":"2000`), []byte(`"heard":"2100`), 1) },
		"empty":                func([]byte) []byte { return nil },
		"of something else":    func([]byte) []byte { return []byte("#!/bin/sh\n") },
		"of another feed":      func(b []byte) []byte { return bytes.Replace(b, []byte(`"1.200"`), []byte(`"9.200"`), 1) },
		"from after a restore": func(b []byte) []byte { return bytes.Replace(b, []byte(`"1.200"`), []byte(`"1.900"`), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *fake) {
				path := filepath.Join(t.TempDir(), "replica")
				s.filled(path)
				whole, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				spoilt := spoil(bytes.Clone(whole))
				if bytes.Equal(spoilt, whole) {
					t.Fatal("nothing was spoilt")
				}
				if err := os.WriteFile(path, spoilt, 0o600); err != nil {
					t.Fatal(err)
				}
				before := len(s.Requests())
				rep := s.replica(client.SnapshotFile(path))
				within(time.Minute)
				wantSame(t, rep, s.Server)
				if !slices.Contains(s.Requests()[before:], "GET /v1/readiness?limit=1000") {
					t.Error("it did not read every seller")
				}
			})
		})
	}
}

func cutLine(b []byte, n int) []byte { return bytes.Clone(b[:lineEnd(b, n)]) }

// lineEnd is where the n-th line ends.
func lineEnd(b []byte, n int) int {
	at := 0
	for range n {
		at += bytes.IndexByte(b[at:], '\n') + 1
	}
	return at
}

// TestFileIsItsOwnersAlone and leaves nothing beside it.
func TestFileIsItsOwnersAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		dir := t.TempDir()
		s.filled(filepath.Join(dir, "replica"))
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%v, %v", entries, err)
		}
		if info, err := entries[0].Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	})
}

func TestReplicaDoesWithoutAFileThatCannotBeWritten(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		rep := s.replica(client.SnapshotFile(filepath.Join(t.TempDir(), "no", "such", "folder")))
		within(time.Hour)
		wantSame(t, rep, s.Server)
	})
}

// TestFileIsWrittenWhileTheReplicaFollows: a process that is killed has one of the last minutes.
func TestFileIsWrittenWhileTheReplicaFollows(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		path := filepath.Join(t.TempDir(), "replica")
		s.replica(client.SnapshotFile(path))
		s.Set(yes("shop"))
		within(2 * time.Minute)
		kept, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(kept, []byte(`"id":"shop"`)) {
			t.Errorf("after two minutes the file holds %s, %v", kept, err)
		}
	})
}

// TestARefusalIsFinalWithAFileToo: a key that was revoked is to be seen at the start.
func TestARefusalIsFinalWithAFileToo(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		path := filepath.Join(t.TempDir(), "replica")
		s.filled(path)
		s.Fail(http.StatusUnauthorized)
		_, err := s.client.Replica(t.Context(), client.SnapshotFile(path))
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusUnauthorized {
			t.Errorf("%v, want the server's 401", err)
		}
	})
}
