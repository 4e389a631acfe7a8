package scan

import "time"

// AnswerWithin bounds the scanner's statements.
func (s *Scanner) AnswerWithin(d time.Duration) { s.answerWithin = d }

// OneAtATime has a scanner begin a check when the last one has ended.
func (s *Scanner) OneAtATime() { s.maxInFlight = 1 }

// Sharers counts those who share the account's retrieval under way with who began it, and those who wait for the next.
func (c *Checker) Sharers(accountID string) (late, next int) {
	c.confirming.mu.Lock()
	defer c.confirming.mu.Unlock()
	now := c.confirming.underWay[accountID]
	if now == nil {
		return 0, 0
	}
	if now.next != nil {
		next = now.next.sharers
	}
	return now.sharers, next
}
