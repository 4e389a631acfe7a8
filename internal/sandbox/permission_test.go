package sandbox

import "testing"

func TestEveryOperationHasItsPermission(t *testing.T) {
	t.Parallel()
	for _, op := range operations() {
		if _, known := permissions[resourceOf(op.path)]; !known {
			t.Errorf("no key can lack the permission for %s", op.name())
		}
	}
}
