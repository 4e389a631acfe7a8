package webhook

import "github.com/connectd/connectd/internal/registry"

// Reread is what a payload says in test mode, read as a stored event's is.
func Reread(payload string) (registry.Observation, error) {
	e, err := readEvent([]byte(payload))
	if err != nil {
		return registry.Observation{}, err
	}
	return e.observation(false).Replayed(), nil
}
