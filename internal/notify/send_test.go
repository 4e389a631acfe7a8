package notify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/notify"
)

// TestWhatReceiversMayDo: the status decides, and no receiver costs more than its own time and a few bytes.
func TestWhatReceiversMayDo(t *testing.T) {
	t.Parallel()
	elsewhere := newReceiver(t)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		says   string
	}{
		"takes it":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }, 200, ""},
		"takes it, 204": {nil, 204, ""},
		"fails":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, 500, "answered 500"},
		"refuses":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, 410, "answered 410"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, 307, "redirects are not followed"},
		"hangs":         {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, "no answer within"},
		"closes":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "closed before an answer came"},
		"answers 10 MB": {tenMegabytes, 200, ""},
		"never ends":    {neverEnds, 200, ""},
		"has endless headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		}, 0, "header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, secret := newReceiver(t), notify.NewSecret()
			r.trust(secret)
			r.answering(c.answer)
			sender := notify.NewSender(notify.SenderConfig{Within: time.Second})
			t.Cleanup(sender.Close)
			came := sender.Send(t.Context(), r.URL, secret)
			if came.Status != c.status || !strings.Contains(came.Failure, c.says) || (c.says == "") != (came.Failure == "") {
				t.Errorf("%+v", came)
			}
			if n := len(r.events()); n != 1 {
				t.Errorf("%d events came", n)
			}
		})
	}
	t.Cleanup(func() {
		if len(elsewhere.got)+len(elsewhere.wrong) > 0 {
			t.Error("a redirect was followed")
		}
	})
}

func tenMegabytes(w http.ResponseWriter, _ *http.Request) {
	for range 10 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return // nobody reads that much
		}
	}
}

func neverEnds(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestAReceiverThatIsNotThereIsAFailure(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	url := r.URL + "/events?token=verysecret"
	r.Close()
	sender := notify.NewSender(notify.SenderConfig{})
	t.Cleanup(sender.Close)
	came := sender.Send(t.Context(), url, notify.NewSecret())
	if came.Status != 0 || !strings.Contains(came.Failure, "refused") || strings.Contains(came.Failure, "verysecret") {
		t.Errorf("%+v", came)
	}
}

func TestTheFirstRepeatComesWithinFiveSecondsAndTheLastAfterThreeDays(t *testing.T) {
	t.Parallel()
	for range 100 {
		begin := time.Now()
		at, tries := begin, 1
		for ; ; tries++ {
			next, ok := notify.NextAttempt(tries, at)
			if !ok {
				break
			}
			wait := next.Sub(at)
			if tries == 1 && wait > 4*time.Second { // River looks once a second
				t.Errorf("the first repeat is after %s", wait)
			}
			if wait <= 0 {
				t.Errorf("repeat %d is after %s", tries, wait)
			}
			at = next
		}
		if took := at.Sub(begin); took < 72*time.Hour || took > 80*time.Hour || tries < 12 {
			t.Errorf("%d attempts in %s", tries, took)
		}
	}
}
