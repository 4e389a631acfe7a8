package webhook

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/stripeapi"
)

func TestKeepLeavesWhatIsOnTheList(t *testing.T) {
	t.Parallel()
	list := keeping("a", "b.c", "d[]", "e[].f", "g.*")
	for object, want := range map[string]string{
		`{"a":"x","z":"P","b":{"c":1,"z":"P"},"d":["x",1],"e":[{"f":true,"z":"P"}],"g":{"h":"x","i":null}}`: `{"a":"x","b":{"c":1},"d":["x",1],"e":[{"f":true}],"g":{"h":"x","i":null}}`,
		`{"a":{"z":"P"},"b":{"c":["P"]},"d":[{"z":"P"},["P"]],"g":{"h":{"z":"P"},"i":["P"]}}`:               `{"a":{},"b":{"c":[]},"d":[{},[]],"g":{"h":{},"i":[]}}`,
		`{"b":"P","d":"P","e":"P","g":"P"}`:                  `{"b":"","d":"","e":"","g":""}`,
		`{"b":7,"d":true,"e":null,"g":1.5}`:                  `{"b":"","d":"","e":null,"g":""}`,
		`{"b":["P"],"d":{"z":"P"},"e":{"f":"P"},"g":["P"]}`:  `{"b":[],"d":{},"e":{},"g":[]}`,
		`{"e":["P",["P"],{}],"A":"P","a ":"P","\u0061":"x"}`: `{"e":["",[],{}],"a":"x"}`,
		`{"a":"x","a":"y"}`:                                  `{"a":"x","a":"y"}`,
		`{}`:                                                 `{}`,
		`[]`:                                                 ``,
		`null`:                                               ``,
		`"P"`:                                                ``,
	} {
		got := list.of(jsontext.Value(object))
		if want == "" && got == nil {
			continue
		}
		if err := got.Compact(jsontext.AllowDuplicateNames(true)); err != nil || string(got) != want {
			t.Errorf("%s leaves %s, want %s (%v)", object, got, want, err)
		}
	}
}

// FuzzKeep: what the list leaves of an account says all that the account said, and leaves nothing more to drop.
func FuzzKeep(f *testing.F) {
	for _, object := range []string{
		`{"id":"acct_1","charges_enabled":true,"capabilities":{"a":{"status":"active"},"b":null,"c":["x"],"d":7}}`,
		`{"id":"acct_1","requirements":{"currently_due":[{},"a",["b"]],"errors":["x",{"code":{}}],"current_deadline":"1700000000"}}`,
		`{"id":"acct_1","settings":{"dashboard":{"display_name":"\u0041\ud800"}},"settings":7,"business_profile":{"name":["x"]}}`,
		`{"\u0069d":"acct_1","verification":{"fields_needed":"x"},"id":7,"display_name":{"first":"x"}}`,
	} {
		f.Add([]byte(object))
	}
	list := keeping(keptOfAccount...)
	f.Fuzz(func(t *testing.T, object []byte) {
		if !jsontext.Value(object).IsValid(lenient) || jsontext.Value(object).Kind() != '{' {
			return
		}
		kept := list.of(object)
		want, wantErr := stripeapi.DecodeAccount(object)
		got, err := stripeapi.DecodeAccount(kept)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: %v, was %v", kept, err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-whole +kept):\n%s", kept, diff)
		}
		if again := list.of(kept); string(again) != string(kept) {
			t.Errorf("%s leaves %s", kept, again)
		}
	})
}
