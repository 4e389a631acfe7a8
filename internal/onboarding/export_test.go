package onboarding

import "time"

// KeepWithin shortens how long keeping what is known of a code may take, for a test in which it hangs.
func (s *Service) KeepWithin(d time.Duration) { s.within.keep = d }

// CommitWithin shortens, or restores, how long a commit may take.
func (s *Service) CommitWithin(d time.Duration) { s.within.commit = d }

// RetrieveWithin shortens how long a retrieval may take.
func (s *Service) RetrieveWithin(d time.Duration) { s.within.retrieve = d }
