package stripeapi

// Settle returns once nothing that was begun for the budget goes on: a lot asked for, a charge. Nobody may begin more.
func (b *Budget) Settle() { b.running.Wait() }

// Pace is how much of the rate the scan uses.
const Pace = pace
