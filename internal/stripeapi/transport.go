package stripeapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	maxAnswer      = 32 << 20 // bytes; a list page of 100 large accounts is about 3 MB
	maxErrorAnswer = 64 << 10 // bytes
)

// answer is what came back for one call: what stripe-go's errors leave out, or garble where the body is not what it
// expects.
type answer struct {
	status    int // 0: no answer
	header    http.Header
	roundTrip time.Duration // from the request's start to the answer's headers
	errorBody []byte        // of a status of 400 or more
	bodyErr   error         // why errorBody is not whole, or nil
}

type answerKey struct{}

func withAnswer(ctx context.Context, a *answer) context.Context {
	return context.WithValue(ctx, answerKey{}, a)
}

// recorder fills the answer that the request's context carries.
type recorder struct {
	next http.RoundTripper
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	a, ok := req.Context().Value(answerKey{}).(*answer)
	if !ok {
		return nil, errors.New("a request to Stripe that nobody records")
	}
	start := time.Now() // a stopwatch, not a clock: the network takes its time whatever time it is
	res, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	a.roundTrip = time.Since(start)
	a.status, a.header = res.StatusCode, res.Header
	res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	if res.StatusCode >= http.StatusBadRequest {
		a.keepErrorBody(res)
	}
	return res, nil
}

// keepErrorBody keeps what can be read; of a body that is cut the status remains.
func (a *answer) keepErrorBody(res *http.Response) {
	a.errorBody, a.bodyErr = io.ReadAll(io.LimitReader(res.Body, maxErrorAnswer))
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(a.errorBody))
}

// noRedirect: Stripe does not redirect API calls, and a 307 would present a code a second time, elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func sharedTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          128,
		// Over HTTP/2, as Stripe speaks it, calls share a connection. Over HTTP/1.1 these are enough for 100 calls a second
		// of 0.6 s each; calls beyond dial anew, as all but two would by Go's default.
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
	}
}

// sendOnceTransport takes a fresh HTTP/1.1 connection for each request. On a connection that was used before, net/http
// itself sends a request again when the connection breaks, if the request carries an Idempotency-Key, as stripe-go's do
// (pkg.go.dev/net/http#Transport); HTTP/2 has retries of its own.
func sendOnceTransport() *http.Transport {
	t := sharedTransport()
	t.DisableKeepAlives = true
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return t
}
