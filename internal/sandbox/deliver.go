package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// posting is one event made ready for one endpoint.
type posting struct {
	eventID   string
	eventType string
	account   string
	url       string
	secret    string
	body      []byte
}

// deliver posts the event once, or twice in mode duplicate, and puts it back where it got no 2xx.
func (d *dispatcher) deliver(l *lane, item delivery) {
	p, err := d.prepare(l.endpoint, item.event)
	if err != nil {
		d.logger.Error("event can't be delivered", "event", item.event, "error", err)
		return
	}
	if p == nil {
		d.settle(l.endpoint, item.event)
		return
	}
	if !d.post(p) {
		d.again(l, item)
		return
	}
	if d.mode() == deliverDuplicate {
		d.post(p)
	}
	d.settle(l.endpoint, item.event)
}

func (d *dispatcher) mode() deliveryMode {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.plan.Mode
}

// prepare is nil where there is nobody to deliver to: Stripe does not send later what a disabled endpoint missed
// (docs.stripe.com/webhooks).
func (d *dispatcher) prepare(endpointID, eventID string) (*posting, error) {
	var p *posting
	err := d.state.view(func(tx *transaction) error {
		endpoint, e := tx.endpoint(endpointID), tx.events[eventID]
		if endpoint == nil || endpoint.Disabled || e == nil {
			return nil
		}
		body, err := e.json()
		if err != nil {
			return err
		}
		p = &posting{
			eventID: e.ID, eventType: e.Type, account: e.Account,
			url: endpoint.URL, secret: endpoint.Secret, body: body,
		}
		return nil
	})
	return p, err
}

// post tells whether the endpoint answered 2xx.
func (d *dispatcher) post(p *posting) bool {
	began := d.now()
	status, err := d.send(p)
	a := Delivery{
		At: began.UTC(), Event: p.eventID, Type: p.eventType, Account: p.account, URL: p.url, Status: status,
	}
	if err != nil {
		a.Error = withoutURL(err).Error()
	}
	d.log.add(a)
	if d.heard != nil {
		d.heard(a)
	}
	return a.taken()
}

// withoutURL is the cause of an error that names the URL: whoever reads it knows that.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

func (d *dispatcher) send(p *posting) (int, error) {
	request, err := http.NewRequestWithContext(d.ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		return 0, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	request.Header.Set("Stripe-Signature", signature(d.now(), p.body, p.secret))
	response, err := d.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, err
}

// signature is Stripe's over the time and the body (docs.stripe.com/webhooks#verify-manually). Its time is the
// machine's, not the sandbox's: receivers refuse an old one by their own clock.
func signature(now time.Time, body []byte, secret string) string {
	return fmt.Sprintf("t=%d,v1=%x", now.Unix(), webhook.ComputeSignature(now, body, secret))
}

func (d *dispatcher) settle(endpointID, eventID string) {
	err := d.state.update(func(tx *transaction) error {
		tx.change.Delivered = append(tx.change.Delivered, deliveryRecord{Event: eventID, Endpoint: endpointID})
		return nil
	})
	if err != nil {
		d.logger.Error("delivery can't be kept: it will come again after a restart", "event", eventID, "error", err)
	}
}
