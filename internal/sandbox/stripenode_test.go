package sandbox_test

import (
	"os"
	"os/exec"
	"testing"
)

func TestStripeNodeCannotTell(t *testing.T) {
	t.Parallel()
	node := tool(t, "NODE", "node", "apt-get install nodejs")
	if os.Getenv("STRIPE_NODE_MODULES") == "" {
		t.Skip("NOT PROVED: STRIPE_NODE_MODULES does not name a node_modules folder with Stripe's SDK (npm install stripe@14)")
	}
	s := start(t)
	cmd := exec.CommandContext(t.Context(), node, "testdata/sdk.mjs", s.URL(), s.Platform().Key)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
