package main

import (
	"net"
	"strconv"
	"testing"

	"github.com/connectd/connectd/internal/walktest"
)

const eventsPage = "../../docs/events.md"

// TestThePageOnEvents does what docs/events.md says, as TestThePageOnTheAPI does its own, with a receiver on a free port.
func TestThePageOnEvents(t *testing.T) {
	blocks := blocksOf(t, eventsPage)
	if blocks[0].kind != "sh demo" {
		t.Fatalf("the page does not begin with a demo: %+v", blocks[0])
	}
	_, ready := start(t, nil, demoArgs(t)...)
	walk{t, walktest.Walk{Ready: ready}}.UntilAllAreChecked(t)
	r := newPageReader(t, eventsPage, ready, "bash", "curl", "jq", "node", "openssl", "base64", "od")
	r.env = append(r.env, "PORT="+freePort(t))
	r.readAll(blocks)
}

// freePort is one that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // of tcp
}
