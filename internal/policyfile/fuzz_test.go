package policyfile_test

import (
	"bytes"
	"testing"

	"github.com/connectd/connectd/internal/policyfile"
)

// FuzzRead: what is read without a fault is whole.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"countries":["IE"],"currencies":["eur"],"require_payouts":true,"required_capabilities":["card_payments"],"deny_when_stale":false}`))
	f.Add([]byte(`{"countries":null}`))
	f.Add([]byte(`{"countries":["\u0000"],"COUNTRIES":[]}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		policy, faults := policyfile.Read(bytes.NewReader(text))
		if len(faults) == 0 && (policy.Countries == nil || policy.Currencies == nil || policy.RequiredCapabilities == nil) {
			t.Errorf("%s is read as %+v", text, policy)
		}
	})
}
