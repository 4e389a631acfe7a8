package registry

import (
	"context"
	"fmt"
)

// LastChange is the position of the last change of any account, 0 before the first. Checks that only confirm do not move it.
func (r *Registry) LastChange(ctx context.Context) (int64, error) {
	position, err := r.q.LastChange(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the last change's position: %w", err)
	}
	return position, nil
}
