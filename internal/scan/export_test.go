package scan

// OneAtATime has a scanner begin a check when the last one has ended.
func (s *Scanner) OneAtATime() { s.maxInFlight = 1 }
