package client_test

import (
	"net/http"
	"net/http/httptest"
)

// serve listens until the process ends.
func serve(h http.Handler) string { return httptest.NewServer(h).URL }
