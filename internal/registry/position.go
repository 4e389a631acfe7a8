package registry

import (
	"context"
	"fmt"
	"time"
)

// Position is the feed's last position: what is read after it has seen at least that much.
func (r *Registry) Position(ctx context.Context) (int64, error) {
	row, err := r.q.FeedPosition(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the feed's position: %w", err)
	}
	return row.Position, nil
}

const positionEvery = 5 * time.Millisecond

// AwaitPosition waits until the feed has come to a position, but only so long, and returns where it is then. What is read
// after has seen at least that.
func (r *Registry) AwaitPosition(ctx context.Context, position int64, within time.Duration) (int64, error) {
	end, again := time.NewTimer(within), time.NewTicker(positionEvery)
	defer end.Stop()
	defer again.Stop()
	for {
		reached, err := r.Position(ctx)
		if err != nil || reached >= position {
			return reached, err
		}
		select {
		case <-again.C:
		case <-end.C:
			return reached, nil
		case <-ctx.Done():
			return reached, ctx.Err()
		}
	}
}
