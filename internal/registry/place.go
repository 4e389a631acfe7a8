package registry

// Place is a position of the feed, of an epoch: positions of two epochs do not compare.
type Place struct {
	Epoch, Position int64
}

func (p Place) before(other Place) bool {
	return p.Epoch < other.Epoch || p.Epoch == other.Epoch && p.Position < other.Position
}

// Reached is how much of the feed this process has stored or told of. Whoever answers from a copy of what is stored here must
// not answer as of before it: a reader would see time go back.
func (r *Registry) Reached() Place {
	if p := r.reached.Load(); p != nil {
		return *p
	}
	return Place{}
}

// Reach notes that this process tells of a place. It comes before the answer.
func (r *Registry) Reach(p Place) {
	for {
		known := r.reached.Load()
		if known != nil && !known.before(p) || r.reached.CompareAndSwap(known, &p) {
			return
		}
	}
}

// ReachAnew forgets what was reached before a restore from a backup that has left the epoch as it was.
func (r *Registry) ReachAnew(p Place) { r.reached.Store(&p) }
