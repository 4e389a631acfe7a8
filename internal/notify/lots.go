package notify

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	lotAtMost = 500
	lotWithin = 5 * time.Second
)

// lots does together what is asked for at the same time: while one lot is done the next gathers, and nobody waits for more.
type lots[In, Out any] struct {
	// do answers each of a lot, in its order.
	do func(context.Context, []In) ([]Out, error)

	mu      sync.Mutex
	waiting []asked[In, Out]
	working bool
}

type asked[In, Out any] struct {
	in  In
	out chan answered[Out]
}

type answered[Out any] struct {
	out Out
	err error
}

// ask waits for the answer. Where ctx ends before, it may be done all the same.
func (l *lots[In, Out]) ask(ctx context.Context, in In) (out Out, err error) {
	a := asked[In, Out]{in, make(chan answered[Out], 1)}
	l.mu.Lock()
	l.waiting = append(l.waiting, a)
	begin := !l.working
	l.working = true
	l.mu.Unlock()
	if begin {
		go l.work()
	}
	select {
	case got := <-a.out:
		return got.out, got.err
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

// work does lot after lot until none waits.
func (l *lots[In, Out]) work() {
	for {
		lot := l.next()
		if len(lot) == 0 {
			return
		}
		l.answer(lot)
	}
}

func (l *lots[In, Out]) next() []asked[In, Out] {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), lotAtMost)
	lot := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	l.working = n > 0
	return lot
}

func (l *lots[In, Out]) answer(lot []asked[In, Out]) {
	ctx, cancel := context.WithTimeout(context.Background(), lotWithin)
	defer cancel()
	in := make([]In, len(lot))
	for i, a := range lot {
		in[i] = a.in
	}
	out, err := l.do(ctx, in)
	if err == nil && len(out) != len(lot) {
		err = fmt.Errorf("%d of %d were answered", len(out), len(lot))
	}
	for i, a := range lot {
		if err != nil {
			a.out <- answered[Out]{err: err}
			continue
		}
		a.out <- answered[Out]{out: out[i]}
	}
}
