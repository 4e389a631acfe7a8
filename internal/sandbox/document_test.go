package sandbox

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// patches are merge patches of an account's object, also of what it does not have.
func patches() *rapid.Generator[document] {
	value := rapid.Custom(func(t *rapid.T) any {
		return rapid.SampledFrom([]any{
			nil, true, false, "", "text", "<&>\u2028", json.Number("0"), json.Number("1700000000"),
			[]any{},
			[]any{"a", nil},
			document{},
			document{"reason": "x"},
		}).Draw(t, "value")
	})
	name := rapid.SampledFrom([]string{
		"charges_enabled", "country", "requirements", "metadata", "settings", "business_type", "email", "new_member",
	})
	nested := rapid.MapOf(rapid.SampledFrom([]string{"currently_due", "disabled_reason", "dashboard", "k"}), value)
	return rapid.Custom(func(t *rapid.T) document {
		patch := document{}
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			member := name.Draw(t, "name")
			patch[member] = value.Draw(t, "value")
			if rapid.Bool().Draw(t, "nested") {
				patch[member] = document(nested.Draw(t, "object"))
			}
		}
		return patch
	})
}

func TestAccountKeepsWhateverItsPatchesMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := persona(rapid.IntRange(0, len(standings)-1).Draw(t, "persona"))
		a := account{ID: "acct_1" + randomText(15), Persona: p, Type: rapid.SampledFrom(accountTypes).Draw(t, "type")}
		for range rapid.IntRange(1, 3).Draw(t, "patches") {
			before, err := a.document()
			if err != nil {
				t.Fatal(err)
			}
			after := before.merged(patches().Draw(t, "patch"), accountShape())
			if a, err = a.become(after); err != nil {
				t.Fatal(err)
			}
			kept, err := a.document()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, kept); diff != "" {
				t.Fatalf("kept (-patched +kept):\n%s", diff)
			}
			if same, told := cmp.Equal(before, after), len(previousAttributes(before, after)) == 0; same != told {
				t.Fatalf("previous_attributes are empty: %v; nothing changed: %v", told, same)
			}
		}
	})
}

func TestAccountChangedBackKeepsNothing(t *testing.T) {
	t.Parallel()
	a := account{ID: "acct_1", Type: standard}
	before, err := a.document()
	if err != nil {
		t.Fatal(err)
	}
	changed, err := a.become(before.merged(document{"charges_enabled": false, "email": nil}, accountShape()))
	if err != nil {
		t.Fatal(err)
	}
	back, err := changed.become(before)
	if err != nil {
		t.Fatal(err)
	}
	if len(changed.Overrides) != 2 || len(back.Overrides) != 0 {
		t.Errorf("kept %d changes, and %d after they were taken back", len(changed.Overrides), len(back.Overrides))
	}
}
