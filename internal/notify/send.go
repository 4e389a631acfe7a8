package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/connectd/connectd/internal/tracing"
)

const (
	answerWithin  = 8 * time.Second // of a job's 10, so that what came of it can be recorded
	connectWithin = 5 * time.Second
	keptIdle      = 30 * time.Second
	answerAtMost  = 16 << 10 // bytes that are read of an answer's header, and of its body so that the connection can be used again
)

// Sender sends events. Addresses are looked at when they are dialed, after the name was resolved; proxies of the environment
// are not used, since they would dial for it.
type Sender struct {
	client    *http.Client
	transport *http.Transport
	within    time.Duration
	schemes   []string
}

// SenderConfig says how events are sent.
type SenderConfig struct {
	Livemode bool
	Within   time.Duration // 0 means 8 s
	Resolver *net.Resolver // nil means the machine's
}

// NewSender makes one. The caller closes it.
func NewSender(cfg SenderConfig) *Sender {
	dialer := &net.Dialer{Timeout: connectWithin, Resolver: cfg.Resolver, ControlContext: controlFor(reachOf(cfg.Livemode))}
	s := &Sender{within: cfg.Within, schemes: []string{"https"}}
	s.transport = &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: connectWithin, MaxIdleConnsPerHost: workersPerEndpoint,
		IdleConnTimeout: keptIdle, MaxResponseHeaderBytes: answerAtMost, DisableCompression: true,
	}
	if !cfg.Livemode {
		s.schemes = append(s.schemes, "http")
	}
	if s.within == 0 {
		s.within = answerWithin
	}
	s.client = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     tracing.Client(s.transport),
	}
	return s
}

// Close ends idle connections.
func (s *Sender) Close() { s.transport.CloseIdleConnections() }

// controlFor refuses addresses that may not be called, once the name was resolved and before anything is sent.
func controlFor(r reach) func(ctx context.Context, network, address string, c syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%s: %w", address, errInside)
		}
		return r.check(at.Addr())
	}
}

// message is an event on its way to an endpoint.
type message struct {
	url     string
	id      string
	body    string
	secrets []string // each signs
}

// result is what came of an attempt: status is 0 where no answer came, failure "" where it succeeded.
type result struct {
	status  int
	failure string
}

// send makes one attempt at a moment.
func (s *Sender) send(ctx context.Context, m message, at time.Time) result {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	request, err := s.request(ctx, m, at)
	if err != nil {
		return result{failure: err.Error()}
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return result{failure: s.words(err)}
	}
	// An answer that is longer, or does not end, costs the connection.
	_, _ = io.CopyN(io.Discard, answer.Body, answerAtMost)
	_ = answer.Body.Close() // what the answer says besides its status does not matter
	return result{answer.StatusCode, failureOf(answer.StatusCode)}
}

func (s *Sender) request(ctx context.Context, m message, at time.Time) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, strings.NewReader(m.body))
	if err != nil {
		return nil, errors.New("the URL can't be read; make the endpoint anew")
	}
	if !slices.Contains(s.schemes, request.URL.Scheme) {
		return nil, errors.New("the URL is http, and has to be https in live mode; make the endpoint anew")
	}
	signatures := make([]string, len(m.secrets))
	for i, secret := range m.secrets {
		if signatures[i], err = sign(secret, m.id, at, m.body); err != nil {
			return nil, err
		}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "connectd")
	request.Header.Set(standardwebhooks.HeaderWebhookID, m.id)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return request, nil
}

func sign(secret, id string, at time.Time, body string) (string, error) {
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return "", errors.New("the endpoint's secret can't be read; rotate it")
	}
	return key.Sign(id, at, []byte(body))
}

// failureOf says why an answer is no success.
func failureOf(status int) string {
	switch {
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return fmt.Sprintf("answered %d: redirects are not followed; make the endpoint anew with the URL that it leads to", status)
	}
	return fmt.Sprintf("answered %d", status)
}

// words say why no answer came, without the URL, whose query may be secret.
func (s *Sender) words(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, errInside):
		return "the address points inside, and connectd calls public addresses alone"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %s", s.within)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed before an answer came"
	}
	if about, ok := errors.AsType[*net.DNSError](err); ok {
		return storable("lookup " + about.Name + ": " + about.Err) // not which resolver was asked: its address is inside
	}
	if about, ok := errors.AsType[*url.Error](err); ok {
		err = about.Err
	}
	return storable(err.Error())
}

const longestFailure = 500

// storable is text that Postgres takes, of bounded length: errors of TLS and HTTP repeat what the other side has sent.
func storable(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	if len(text) > longestFailure {
		text = strings.ToValidUTF8(text[:longestFailure], "")
	}
	return text
}
