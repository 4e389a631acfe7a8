package sandbox_test

import (
	"os/exec"
	"testing"
)

// TestStripePythonCannotTell needs a Python with Stripe's SDK: Debian's, unless PYTHON names another.
func TestStripePythonCannotTell(t *testing.T) {
	t.Parallel()
	python := tool(t, "PYTHON", "/usr/bin/python3", "apt-get install python3-stripe")
	if exec.CommandContext(t.Context(), python, "-c", "import stripe").Run() != nil {
		t.Skipf("NOT PROVED: %s has no Stripe SDK (apt-get install python3-stripe)", python)
	}
	s := start(t)
	cmd := exec.CommandContext(t.Context(), python, "testdata/sdk.py", s.URL(), s.Platform().Key, s.Platform().ClientID)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
