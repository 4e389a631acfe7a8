package web_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPagesOfScansAndEvents holds them to their copies, as TestPages does the others.
func TestPagesOfScansAndEvents(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.signedIn()
	empty := map[string]*page{
		"scans_empty": b.get("/admin/scans"), "scan_new_none": b.get("/admin/scans/new"), "events_empty": b.get("/admin/events"),
	}
	s.examples()
	scanToStart := b.get("/admin/scans/new")
	s.hasEnded()
	s.brakes(3, 3)
	s.someEvents()
	pages := map[string]*page{
		"scans":         b.get("/admin/scans"),
		"scan":          b.get("/admin/scans/" + finishedPass),
		"scan_stopped":  b.get("/admin/scans/" + stoppedPass),
		"scan_release":  b.get("/admin/scans/" + brakedPass + "?confirm=release"),
		"scan_new":      scanToStart,
		"events":        b.get("/admin/events"),
		"events_failed": b.get("/admin/events?outcome=failed&type=account.updated&received_before=2026-04-01T00:00:00Z"),
		"event":         b.get("/admin/events/evt_gone"),
		"event_failed":  b.get("/admin/events/evt_failed"),
		"events_replay": b.get("/admin/events/replay?account=acct_working"),
	}
	for _, some := range []map[string]*page{empty, pages} {
		for name, p := range some {
			t.Run(name, func(t *testing.T) {
				p.matches(t, filepath.Join("testdata", name+".html"))
				csp, kept := p.Header.Get("Content-Security-Policy"), p.Header.Get("Cache-Control")
				if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || kept != "no-store" || strings.Contains(p.body, "style=") {
					t.Errorf("Content-Security-Policy: %s, Cache-Control: %s", csp, kept)
				}
			})
		}
	}
}
