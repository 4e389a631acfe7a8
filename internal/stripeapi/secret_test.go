package stripeapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/stripeapi"
)

const testKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"

func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	cfg := stripeapi.Config{SecretKey: testKey}
	client, err := stripeapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "key", cfg.SecretKey, "cfg", cfg)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "key", cfg.SecretKey, "cfg", cfg, "client", client)
	encoded, err := json.Marshal(cfg.SecretKey)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{logged.String(), string(encoded), cfg.SecretKey.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		printed = append(printed, fmt.Sprintf(verb, cfg.SecretKey), fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, client))
	}
	for _, words := range printed {
		if strings.Contains(words, testKey[8:]) || strings.Contains(words, fmt.Sprintf("%x", testKey[8:])) {
			t.Errorf("the key is in %q", words)
		}
	}
	if !strings.Contains(logged.String(), "[redacted]") {
		t.Errorf("nothing says that a key was left out: %s", logged.String())
	}
}

func TestModeIsInTheKeysPrefix(t *testing.T) {
	t.Parallel()
	type mode struct{ livemode, ok bool }
	tests := map[string]mode{
		"sk_test_abc": {false, true}, "rk_test_abc": {false, true},
		"sk_live_abc": {true, true}, "rk_live_abc": {true, true},
		"": {}, "sk_test_": {}, "pk_test_abc": {}, "sk_abc": {}, "test_abc": {}, "whsec_abc": {}, "sk_rk_test_abc": {},
	}
	for key, want := range tests {
		livemode, ok := stripeapi.ModeOf(key)
		if got := (mode{livemode, ok}); got != want {
			t.Errorf("%q: %+v, want %+v", key, got, want)
		}
	}
}

func TestNewListsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := stripeapi.New(stripeapi.Config{
		SecretKey: "pk_test_notasecret", APIBase: "localhost:12111", ConnectBase: "ftp://connect",
	})
	if err == nil {
		t.Fatal("taken")
	}
	for _, wrong := range []string{"secret key", "API base", "Connect base"} {
		if !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q says nothing of the %s", err, wrong)
		}
	}
	if strings.Contains(err.Error(), "notasecret") {
		t.Errorf("%q shows the key", err)
	}
}
