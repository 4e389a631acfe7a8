package bench

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// bare is the floor of what is answered over HTTP: a handler that writes the same bytes and does nothing else. Under /select it
// first looks an account up by its id.
type bare struct {
	addr string
	body atomic.Pointer[[]byte]
	kind atomic.Pointer[string] // the answer's Content-Type
}

func (r *run) openBare(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b := &bare{addr: listener.Addr().String()}
	paths := http.NewServeMux()
	paths.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { b.write(w) })
	paths.HandleFunc("/select", func(w http.ResponseWriter, req *http.Request) {
		var id string
		if err := r.pool.QueryRow(req.Context(), `select id from accounts where id = $1`, r.stripe.account(0)).Scan(&id); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		b.write(w)
	})
	server := &http.Server{Handler: paths, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
	r.closers = append(r.closers, func(context.Context) error { return server.Close() })
	r.bare = b
	return nil
}

// show has it answer what was answered by the service.
func (b *bare) show(kind string, body []byte) {
	b.kind.Store(&kind)
	b.body.Store(&body)
}

func (b *bare) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", *b.kind.Load())
	_, _ = w.Write(*b.body.Load()) // who asked is gone
}
