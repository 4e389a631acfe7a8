package registry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/registry"
)

func (f fixture) reached() int64 {
	f.t.Helper()
	position, err := f.Position(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return position
}

// TestAPositionIsAwaited: also one that another process brings about.
func TestAPositionIsAwaited(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	reader, next := fixture{Registry: open(t, f.pool), t: t, pool: f.pool}, f.reached()+1
	reached := make(chan int64, 1)
	go func() {
		position, err := reader.AwaitPosition(t.Context(), next, time.Hour)
		if err != nil {
			t.Error(err)
		}
		reached <- position
	}()
	f.want(registry.Applied, "", updated("evt_1", at(20), chargesOff()))
	if got := <-reached; got < next {
		t.Errorf("position %d, want %d", got, next)
	}
	if ready := reader.readiness(); ready.Version < next {
		t.Errorf("version %d after position %d", ready.Version, next)
	}
}

// TestAPositionThatDoesNotComeIsNotAwaitedForEver, and what was reached is told.
func TestAPositionThatDoesNotComeIsNotAwaitedForEver(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	at := f.reached()
	for wanted, within := range map[int64]time.Duration{at - 1: time.Hour, at: time.Hour, at + 1: time.Millisecond, 1<<63 - 1: 0} {
		if got, err := f.AwaitPosition(t.Context(), wanted, within); got != at || err != nil {
			t.Errorf("%d: %d, %v; want %d", wanted, got, err, at)
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := f.AwaitPosition(ctx, at+1, time.Hour)
		left <- err
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
