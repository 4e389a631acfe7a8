package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Event is one that connectd sent to an endpoint. The one of Seller, Checkout and Scan that its type is about is set; of a
// type that this package does not know yet none is, and Data holds all.
type Event struct {
	// ID is the same on every repeat: what was done for it once need not be done again.
	ID        string    `json:"-"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	// Sequence is the feed's position: of a seller's two events the one with the higher is the newer.
	Sequence int64           `json:"sequence"`
	Data     json.RawMessage `json:"data"`

	Seller   *SellerEvent  `json:"-"` // seller.*
	Checkout *PaidCheckout `json:"-"` // checkout.paid
	Scan     *Scan         `json:"-"` // scan.finished
}

// SellerEvent is the data of a seller's event.
type SellerEvent struct {
	Readiness
	// Previous has the former values of the fields that changed, by their names in JSON.
	Previous map[string]json.RawMessage `json:"previous"`
}

var (
	// ErrSignature is a body that was not signed with the secret.
	ErrSignature = errors.New("the event's signature is missing or wrong")
	// ErrTimestamp is an event that was signed more than five minutes ago, or ahead of this machine's clock by as much.
	ErrTimestamp = errors.New("the event's webhook-timestamp is more than five minutes from now")
)

// signedWithin is how far an event's timestamp may be from now.
const signedWithin = 5 * time.Minute

// VerifyEvent reads an event from a request's header and body once it is sure that connectd sent it, less than five minutes
// ago: it was signed with the endpoint's secret (whsec_…) as Standard Webhooks say (standardwebhooks.com). Hand the body
// over as it came.
func VerifyEvent(secret string, header http.Header, body []byte) (Event, error) {
	return verifyEvent(secret, header, body, time.Now())
}

func verifyEvent(secret string, header http.Header, body []byte, now time.Time) (Event, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return Event{}, errors.New("the secret is not one of an event endpoint (whsec_…)")
	}
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	if id == "" || !signed(key, header.Values("webhook-signature"), id+"."+timestamp+".", body) {
		return Event{}, ErrSignature
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return Event{}, ErrSignature
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > signedWithin {
		return Event{}, ErrTimestamp
	}
	return eventIn(id, body)
}

// signed tells whether one of the signatures is the key's: after a rotation there are two.
func signed(key []byte, signatures []string, prefix string, body []byte) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(prefix))
	mac.Write(body)
	want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, list := range signatures {
		for signature := range strings.FieldsSeq(list) {
			if hmac.Equal([]byte(signature), want) {
				return true
			}
		}
	}
	return false
}

func eventIn(id string, body []byte) (Event, error) {
	e := Event{ID: id}
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("read event %s: %w", id, err)
	}
	if err := e.readData(); err != nil {
		return Event{}, fmt.Errorf("read the data of event %s (%s): %w", id, e.Type, err)
	}
	return e, nil
}

func (e *Event) readData() error {
	switch {
	case strings.HasPrefix(e.Type, "seller."):
		return json.Unmarshal(e.Data, &e.Seller)
	case e.Type == "checkout.paid":
		return json.Unmarshal(e.Data, &e.Checkout)
	case e.Type == "scan.finished":
		return json.Unmarshal(e.Data, &e.Scan)
	}
	return nil
}
