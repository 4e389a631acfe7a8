package main

import (
	"net/http"
	"testing"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// TestTheCopyCanBeSwitchedOff: without a word it is on.
func TestTheCopyCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	for setting, by := range map[string]string{"": "connectd; hit", "CONNECTD_READINESS_COPY=off": "connectd; fwd=miss"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			_, ready := start(t, []string{setting}, demoArgs(t, "--sellers", "1")...)
			w := walk{t, walktest.Walk{Ready: ready}}
			answeredBy := func() string {
				res := w.Do(t, http.MethodGet, ready.BaseURL+"/v1/sellers/complete/readiness", ready.APIKey, "")
				walktest.Read(t, res)
				return res.Header.Get("Cache-Status")
			}
			waittest.Until(t, by, func() bool { return answeredBy() == by })
			if got := answeredBy(); got != by {
				t.Errorf("then by %q", got)
			}
		})
	}
}
