package notify_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
)

func TestAddressesInsideAreNotCalled(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "100::1", "fc00::1",
		"fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:a00:1::1", "3fff::1", "4000::1",
	} {
		for _, livemode := range []bool{false, true} {
			if notify.Reaches(livemode, netip.MustParseAddr(addr)) == nil {
				t.Errorf("%s is called (livemode %t)", addr, livemode)
			}
		}
	}
	for _, addr := range []string{"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"} {
		if err := notify.Reaches(false, netip.MustParseAddr(addr)); err != nil {
			t.Errorf("in test mode: %v", err)
		}
		if notify.Reaches(true, netip.MustParseAddr(addr)) == nil {
			t.Errorf("%s is called in live mode", addr)
		}
	}
	if notify.Reaches(false, netip.Addr{}) == nil {
		t.Error("no address is called")
	}
}

func TestPublicAddressesAreCalled(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1"} {
		if err := notify.Reaches(true, netip.MustParseAddr(addr)); err != nil {
			t.Error(err)
		}
	}
}

// names answers every name with these addresses, each look-up with the next of them, the last for ever.
func names(t *testing.T, addrs ...string) (resolver *net.Resolver, asked *atomic.Int64) {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	asked = &atomic.Int64{}
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := nameReply(buffer[:n], addrs, asked); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}, asked
}

func nameReply(question []byte, addrs []string, asked *atomic.Int64) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		i := min(int(asked.Add(1)), len(addrs)) - 1
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addrs[i]).As4()},
		}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

func TestANameThatPointsInsideIsRefusedAndNotCalled(t *testing.T) {
	t.Parallel()
	resolver, _ := names(t, "10.0.0.7")
	s := newStage(t)
	endpoints := notify.NewEndpoints(notify.EndpointsConfig{Pool: s.pool, Jobs: s.jobs, Resolver: resolver, Now: s.clock.now, Logger: s.logger()})
	_, err := endpoints.Create(t.Context(), notify.EndpointParams{URL: "https://shop.example.com/events"})
	if account.KindOf(err) != account.Invalid || !strings.Contains(err.Error(), "inside") {
		t.Errorf("%v", err)
	}
	sender := notify.NewSender(notify.SenderConfig{Resolver: resolver})
	t.Cleanup(sender.Close)
	if came := sender.Send(t.Context(), "http://shop.example.com/events", notify.NewSecret()); came.Status != 0 || !strings.Contains(came.Failure, "inside") {
		t.Errorf("%+v", came)
	}
}

// The name is a public address's when the endpoint is made and this machine's when it is called, as by a short-lived answer of
// a name server that means ill.
func TestAnAddressThatChangesAfterTheLookUpIsNotCalled(t *testing.T) {
	t.Parallel()
	called := newReceiver(t)
	_, port, err := net.SplitHostPort(called.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resolver, asked := names(t, "93.184.216.34", "127.0.0.1")
	s := newStage(t)
	endpoints := notify.NewEndpoints(notify.EndpointsConfig{
		Pool: s.pool, Jobs: s.jobs, Livemode: true, Resolver: resolver, Now: s.clock.now, Logger: s.logger(),
	})
	url := "https://shop.example.com:" + port + "/events"
	if _, err := endpoints.Create(t.Context(), notify.EndpointParams{URL: url}); err != nil {
		t.Fatal(err)
	}
	sender := notify.NewSender(notify.SenderConfig{Livemode: true, Resolver: resolver})
	t.Cleanup(sender.Close)
	if came := sender.Send(t.Context(), url, notify.NewSecret()); came.Status != 0 || !strings.Contains(came.Failure, "inside") {
		t.Errorf("%+v", came)
	}
	if asked.Load() != 2 || len(called.events()) > 0 {
		t.Errorf("the name was looked up %d times, and %d events came", asked.Load(), len(called.events()))
	}
}

func TestURLsThatAreNotSentToAreRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	live := notify.NewEndpoints(notify.EndpointsConfig{Pool: s.pool, Jobs: s.jobs, Livemode: true, Now: s.clock.now, Logger: s.logger()})
	inside := []string{
		"https://10.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://[fd00::1]:8443/x", "http://169.254.169.254/latest/meta-data",
		"https://[64:ff9b::7f00:1]/", "https://0.0.0.0:3001/", "https://10。0。0。1/", "https://１０.0.0.1/", "https://10.0.0.1./",
	}
	malformed := []string{
		"https://10.1/", "https://167772161/", "https://0x0a000001/", "https://127.1:4555/", "https://012.0.0.1/", "https://shop.example.com:99999/",
		"https://shop.example.com:0/",
		"", "shop.example.com", "ftp://shop.example.com/", "https:///events", "https://:443/", "mailto:a@b.test", "https://a b/",
		"https://user:secret@shop.example.com/", "https://shop.example.com/#events", "https://shop.example.com/" + strings.Repeat("x", 2048),
	}
	for _, url := range append(inside, malformed...) {
		for _, endpoints := range []*notify.Endpoints{s.endpoints, live} {
			if _, err := endpoints.Create(t.Context(), notify.EndpointParams{URL: url}); account.KindOf(err) != account.Invalid {
				t.Errorf("%s: %v", url, err)
			}
		}
	}
	for _, url := range []string{"http://1.1.1.1/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/"} {
		if _, err := live.Create(t.Context(), notify.EndpointParams{URL: url}); account.KindOf(err) != account.Invalid {
			t.Errorf("live, %s: %v", url, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1:9/", "http://localhost:9/x?token=1", "http://1.1.1.1/", "http://a_b.shop.invalid:65535/", "http://töpfer.invalid/"} {
		if _, err := s.endpoints.Create(t.Context(), notify.EndpointParams{URL: url}); err != nil {
			t.Errorf("test, %s: %v", url, err)
		}
	}
}

func TestAFailureDoesNotNameTheResolver(t *testing.T) {
	t.Parallel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no way") }}
	sender := notify.NewSender(notify.SenderConfig{Resolver: resolver})
	t.Cleanup(sender.Close)
	came := sender.Send(t.Context(), "http://shop.invalid/events", notify.NewSecret())
	if !strings.Contains(came.Failure, "lookup shop.invalid: ") || strings.Contains(came.Failure, ":53") {
		t.Errorf("%+v", came)
	}
}

func TestALiveSenderSendsByHTTPSAlone(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	sender := notify.NewSender(notify.SenderConfig{Livemode: true})
	t.Cleanup(sender.Close)
	if came := sender.Send(t.Context(), r.URL, notify.NewSecret()); !strings.Contains(came.Failure, "https") || len(r.events()) > 0 {
		t.Errorf("%+v", came)
	}
}

// A proxy would look the name up by itself.
func TestNoProxyIsUsed(t *testing.T) {
	t.Parallel()
	sender := notify.NewSender(notify.SenderConfig{})
	t.Cleanup(sender.Close)
	if sender.UsesProxy() {
		t.Error("a proxy dials")
	}
}
