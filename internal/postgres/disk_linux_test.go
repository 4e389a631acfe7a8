package postgres

import (
	"strings"
	"testing"
)

func TestADiskWithoutRoomIsSaid(t *testing.T) {
	t.Parallel()
	err := ensureRoom("/proc") // it has no room for anything
	if err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("without room: %v", err)
	}
	if err := ensureRoom(t.TempDir()); err != nil {
		t.Errorf("with room: %v", err)
	}
}
