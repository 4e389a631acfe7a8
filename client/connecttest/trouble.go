package connecttest

import (
	"time"

	"github.com/connectd/connectd/client"
)

// Down cuts each connection that is or will be made, until Up.
func (s *Server) Down() { s.change(func() { s.down, s.cuts = true, s.cuts+1 }) }

// Up ends Down.
func (s *Server) Up() { s.change(func() { s.down = false }) }

// Cut cuts the polls that wait now.
func (s *Server) Cut() { s.change(func() { s.cuts++ }) }

func (s *Server) cutsSoFar() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cuts
}

// Fail has each request answered with the status, as a problem; 0 ends that.
func (s *Server) Fail(status int) { s.change(func() { s.failing = status }) }

// Slow has each answer begin after d; 0 ends that.
func (s *Server) Slow(d time.Duration) { s.change(func() { s.slow = d }) }

// Expire forgets the feed's entries, as those older than a week are forgotten: cursors before the last position are answered
// 410.
func (s *Server) Expire() { s.change(func() { s.entries = nil }) }

// Skip leaves out a position, as connectd never does.
func (s *Server) Skip() { s.change(func() { s.position++ }) }

// Restore goes back to what was at the position, as a restore from a backup does, and raises the epoch. What Expire forgot
// can't be restored.
func (s *Server) Restore(position int64) {
	s.change(func() {
		entries := s.entries
		s.entries, s.sellers, s.position = nil, map[string]client.Readiness{}, position
		for _, e := range entries {
			if e.Position <= position {
				s.sellers[e.SellerID] = e.Readiness
				s.entries = append(s.entries, e)
			}
		}
		s.epoch++
	})
}

func (s *Server) change(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	s.wake()
}
