package webhook_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSignatureOfAnySecretIsTaken(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for id, by := range map[string]string{"evt_1": secret, "evt_2": another} {
		body := updated(id, works).json(t)
		if got := r.post(bytes.NewReader(body), signed(body, by, time.Now()), ""); got.status != http.StatusOK {
			t.Errorf("signed by %s: %d %s", by, got.status, got.body)
		}
	}
	if n := r.count("select count(*) from stripe_events"); n != 2 {
		t.Errorf("%d events are stored", n)
	}
}

func TestBadSignatureIsUnauthorized(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := updated("evt_1", works).json(t)
	good := signed(body, secret, time.Now())
	_, digest, _ := strings.Cut(good, ",v1=")
	for name, header := range map[string]string{
		"missing":              "",
		"no signature at all":  "nonsense",
		"by another secret":    signed(body, "whsec_threethreethree", time.Now()),
		"over another body":    signed([]byte("{}"), secret, time.Now()),
		"six minutes old":      signed(body, secret, time.Now().Add(-6*time.Minute)),
		"six minutes ahead":    signed(body, secret, time.Now().Add(6*time.Minute)),
		"an hour ahead":        signed(body, secret, time.Now().Add(time.Hour)),
		"in the year 9999":     signed(body, secret, time.Unix(253402300799, 0)),
		"with a newer time":    "t=9999999999,v1=" + digest,
		"of the scheme of old": strings.Replace(good, "v1=", "v0=", 1),
		"without a time":       "v1=" + digest,
		"cut off":              good[:len(good)-2],
	} {
		got := r.post(bytes.NewReader(body), header, "application/json")
		if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.body, "Webhook Error: ") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if strings.Contains(got.body, secret) || strings.Contains(got.body, another) {
			t.Errorf("%s: the answer holds a secret", name)
		}
	}
	if n := r.count("select count(*) from stripe_events"); n != 0 {
		t.Errorf("%d events are stored", n)
	}
}

func TestClocksMayDifferByFiveMinutes(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := updated("evt_1", works).json(t)
	for _, off := range []time.Duration{-4 * time.Minute, 4 * time.Minute} {
		if got := r.post(bytes.NewReader(body), signed(body, secret, time.Now().Add(off)), ""); got.status != http.StatusOK {
			t.Errorf("signed %s off: %d %s", off, got.status, got.body)
		}
	}
}

func TestNoSecretTakesNothing(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.serve()
	body := updated("evt_1", works).json(t)
	got := r.post(bytes.NewReader(body), signed(body, "", time.Now()), "")
	if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.body, "Webhook Error: ") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestSignedBodyThatIsNoEventIsABadRequest(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	whole := updated("evt_1", works)
	without := func(change func(*stripeEvent)) string {
		e := whole
		change(&e)
		return string(e.json(t))
	}
	for name, body := range map[string]string{
		"empty":            "",
		"no JSON":          "payload=1",
		"cut off":          string(whole.json(t)[:100]),
		"two":              string(whole.json(t)) + string(whole.json(t)),
		"null":             "null",
		"a list":           "[]",
		"an object":        "{}",
		"another object":   without(func(e *stripeEvent) { e.Object = "v2.core.event" }),
		"no id":            without(func(e *stripeEvent) { e.ID = "" }),
		"no type":          without(func(e *stripeEvent) { e.Type = "" }),
		"no created":       without(func(e *stripeEvent) { e.Created = 0 }),
		"created before":   without(func(e *stripeEvent) { e.Created = -1 }),
		"created too late": without(func(e *stripeEvent) { e.Created = 1e15 }),
		"NUL in the id":    without(func(e *stripeEvent) { e.ID = "evt_\x00" }),
		"NUL in the type":  without(func(e *stripeEvent) { e.Type = "account\x00" }),
		"created as text":  strings.Replace(string(whole.json(t)), `"created":`, `"created":"x","was":`, 1),
	} {
		got := r.deliver([]byte(body))
		if got.status != http.StatusBadRequest || !strings.HasPrefix(got.body, "Webhook Error: ") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if n := r.count("select count(*) from stripe_events"); n != 0 {
		t.Errorf("%d events are stored", n)
	}
}

func TestBodyOverOneMiBIsRefusedBeforeItsSignature(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	const limit = 1_048_576
	body := updated("evt_1", works).json(t)
	largest := append(body, bytes.Repeat([]byte(" "), limit-len(body))...)
	if got := r.deliver(largest); got.status != http.StatusOK {
		t.Errorf("%d bytes: %d %s", len(largest), got.status, got.body)
	}
	tooLarge := append(largest, ' ')
	for name, body := range map[string]io.Reader{
		"of a known length":    bytes.NewReader(tooLarge),
		"of an unknown length": io.MultiReader(bytes.NewReader(tooLarge)),
	} {
		if got := r.post(body, "", ""); got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("one byte more, %s: %d %s", name, got.status, got.body)
		}
	}
	if got := r.deliver(tooLarge); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("one byte more, signed: %d", got.status)
	}
}

func TestAnyContentTypeIsTaken(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for id, contentType := range map[string]string{
		"evt_1": "", "evt_2": "text/plain", "evt_3": "application/x-www-form-urlencoded", "evt_4": "multipart/form-data", "evt_5": "%%%",
	} {
		body := updated(id, works).json(t)
		got := r.post(bytes.NewReader(body), signed(body, secret, time.Now()), contentType)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %s as %s", contentType, got.status, got.body, got.header.Get("Content-Type"))
		}
	}
}
