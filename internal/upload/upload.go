// Package upload bounds what a request sends in its body, in time and in size, for all that connectd serves alike.
//
// It may import the standard library alone. Its one rule: no client holds a connection by sending slowly, whether its body
// is read or not.
package upload

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// Within is how long a client has to send a body.
const Within = 10 * time.Second

// What Read fails with where it is the client who is at fault; any other error is a body that ended early.
var (
	ErrTooLarge = errors.New("the body is too large")
	ErrTooSlow  = errors.New("the body took too long")
)

// Bounded gives each body the time, from before the handler is called. It needs the server's own ResponseWriter.
//
// It is not done by http.Server.ReadTimeout: that stays on the connection and cancels handlers that outlive it. Nor only where
// a body is read: net/http itself reads on, in whatever is left unread, before it sends the answer.
func Bounded(within time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		connection := http.NewResponseController(w)
		if err := connection.SetReadDeadline(time.Now().Add(within)); err == nil {
			r.Body = &timed{ReadCloser: r.Body, connection: connection}
		}
		next.ServeHTTP(w, r)
	})
}

// timed is a body whose time ends with it: what comes after on the connection has as long as it likes.
type timed struct {
	io.ReadCloser
	connection *http.ResponseController
}

func (b *timed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		if clearErr := b.connection.SetReadDeadline(time.Time{}); clearErr != nil {
			return n, clearErr
		}
	}
	return n, err
}

// Read returns the whole body, of at most limit bytes.
func Read(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, ErrTooLarge
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, ErrTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, ErrTooSlow
	}
	return content, err
}
