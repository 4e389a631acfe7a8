package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-retry"
)

// worker does one thing, each time that it is called. Workers work at once, each its own things one after the other.
type worker func() error

// figures are what workers did: how many things a second, and how long one took.
type figures struct {
	perSecond float64
	took      []time.Duration // sorted
}

// ms is a percentile of what a thing took, in milliseconds.
func (f figures) ms(percent int) float64 {
	return float64(f.took[len(f.took)*percent/100].Microseconds()) / 1000
}

// It is changed to and fro between what is measured and its floor, so that other work on the machine disturbs both alike.
const (
	mostRounds    = 10
	shortestRound = 100 * time.Millisecond
)

func roundsOf(lasts time.Duration) int { return int(min(mostRounds, max(1, lasts/shortestRound))) }

// compare measures ours and the floor in turn, after each worker has worked once. The ratio is the rounds' median of ours to the
// floor's rates.
func compare(ctx context.Context, ours, floor []worker, lasts time.Duration) (of, under figures, ratio float64, err error) {
	for _, w := range slices.Concat(ours, floor) {
		if err := w(); err != nil {
			return of, under, 0, err
		}
	}
	var ratios []float64
	rounds := roundsOf(lasts)
	for range rounds {
		below, err := drive(ctx, floor, lasts/time.Duration(rounds))
		if err != nil {
			return of, under, 0, err
		}
		above, err := drive(ctx, ours, lasts/time.Duration(rounds))
		if err != nil {
			return of, under, 0, err
		}
		ratios = append(ratios, above.perSecond/below.perSecond)
		of.add(above)
		under.add(below)
	}
	of.finish(rounds)
	under.finish(rounds)
	return of, under, median(ratios), nil
}

func (f *figures) add(round figures) {
	f.perSecond += round.perSecond
	f.took = append(f.took, round.took...)
}

func (f *figures) finish(rounds int) {
	f.perSecond /= float64(rounds)
	slices.Sort(f.took)
}

func median(of []float64) float64 { return slices.Sorted(slices.Values(of))[len(of)/2] }

// drive has all workers work for so long, each once at least.
func drive(ctx context.Context, workers []worker, lasts time.Duration) (figures, error) {
	var (
		running sync.WaitGroup
		began   = time.Now()
		took    = make([][]time.Duration, len(workers))
		errs    = make([]error, len(workers))
	)
	for i, work := range workers {
		running.Go(func() {
			for begin := began; ctx.Err() == nil && errs[i] == nil && (len(took[i]) == 0 || begin.Sub(began) < lasts); {
				errs[i] = work()
				end := time.Now()
				took[i] = append(took[i], end.Sub(begin))
				begin = end
			}
		})
	}
	running.Wait()
	all := slices.Concat(took...)
	for _, err := range append(errs, ctx.Err()) {
		if err != nil {
			return figures{}, err
		}
	}
	return figures{perSecond: float64(len(all)) / time.Since(began).Seconds(), took: all}, nil
}

// connection asks one request after the other by HTTP/1.1. It is less than Go's own client, which takes as much of the machine as
// what it asks: the load's work is a part of each figure.
type connection struct {
	conn   net.Conn
	in     *bufio.Reader
	header bytes.Buffer // of the last answer
}

func (r *run) dial(ctx context.Context, addr string) (*connection, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	r.closers = append(r.closers, func(context.Context) error { stop(); _ = conn.Close(); return nil })
	return &connection{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// askers are n connections that each ask what next makes: next of the connection's number. Each has asked once.
func (r *run) askers(ctx context.Context, addr string, n int, next func(connection int) func() []byte) ([]worker, error) {
	workers := make([]worker, n)
	for i := range workers {
		c, err := r.dial(ctx, addr)
		if err != nil {
			return nil, err
		}
		request := next(i)
		workers[i] = func() error { return c.askUntilAnswered(ctx, request(), io.Discard) }
		if err := workers[i](); err != nil { // at once: one on which nothing was asked for ten seconds is closed
			return nil, err
		}
	}
	return workers, nil
}

const (
	repeatAfter = 50 * time.Millisecond
	patience    = 2 * time.Minute
)

var errUnavailable = errors.New("answered 503 for as long as it was asked")

// askUntilAnswered asks again where the service says that it has too much to do, as Stripe and clients do. What that takes counts.
func (c *connection) askUntilAnswered(ctx context.Context, request []byte, body io.Writer) error {
	backoff := retry.WithMaxDuration(patience, retry.NewConstant(repeatAfter))
	return retry.Do(ctx, backoff, func(context.Context) error {
		err := c.ask(request, body)
		if errors.Is(err, errUnavailable) {
			return retry.RetryableError(err)
		}
		return err
	})
}

// ask writes the request and reads its answer, whose body goes to the writer. Anything but a 200 is an error.
func (c *connection) ask(request []byte, body io.Writer) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	length, err := c.readHeader()
	if err != nil {
		return err
	}
	answered, _, _ := strings.Cut(c.header.String(), "\r\n")
	if answered != "HTTP/1.1 200 OK" {
		body = io.Discard
	}
	if err := c.readBody(length, body); err != nil {
		return err
	}
	switch answered {
	case "HTTP/1.1 200 OK":
		return nil
	case "HTTP/1.1 503 Service Unavailable":
		return errUnavailable
	}
	return fmt.Errorf("answered %q", answered)
}

func (c *connection) readBody(length int, body io.Writer) (err error) {
	switch {
	case length >= 0 && body == io.Discard:
		_, err = c.in.Discard(length)
	case length >= 0:
		_, err = io.CopyN(body, c.in, int64(length))
	default:
		if _, err = io.Copy(body, httputil.NewChunkedReader(c.in)); err == nil {
			_, err = c.in.ReadSlice('\n') // the empty line behind the last chunk
		}
	}
	return err
}

// readHeader returns the body's length, -1 where it comes in chunks.
func (c *connection) readHeader() (length int, err error) {
	length = -1
	c.header.Reset()
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) == 2 {
			return length, nil
		}
		c.header.Write(line)
		if digits, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			length = number(digits)
		}
	}
}

func number(digits []byte) (n int) {
	for _, d := range bytes.TrimRight(digits, "\r\n") {
		n = 10*n + int(d-'0')
	}
	return n
}

// get is a request; header is whole lines.
func get(addr, path, header string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, addr, header)
}

// post is a request with a body.
func post(addr, path, header string, body []byte) []byte {
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n", path, addr, len(body), header)
	return append(head, body...)
}

// always makes the same request for each connection.
func always(request []byte) func(int) func() []byte {
	return func(int) func() []byte { return func() []byte { return request } }
}
