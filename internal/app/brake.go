package app

import (
	"errors"
	"strconv"
	"strings"

	"github.com/connectd/connectd/internal/registry"
)

// Brake is the brake as set; the settings have been checked.
func (s ServiceSettings) Brake() *registry.Brake {
	brake, err := parseBrake(s.ScanBrake)
	if err != nil {
		return nil // a command that does not scan has no such setting
	}
	return &brake
}

// parseBrake reads a number of accounts and a share: 20,1%.
func parseBrake(text string) (registry.Brake, error) {
	number, share, ok := strings.Cut(text, ",")
	share, isPercent := strings.CutSuffix(strings.TrimSpace(share), "%")
	accounts, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	if !ok || !isPercent || err != nil {
		return registry.Brake{}, errors.New("not a number and a percentage")
	}
	percent, err := strconv.ParseFloat(share, 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return registry.Brake{}, errors.New("not a percentage from 0 to 100")
	}
	return registry.Brake{Accounts: int64(accounts), Share: percent / 100}, nil //nolint:gosec // 32 bits
}
