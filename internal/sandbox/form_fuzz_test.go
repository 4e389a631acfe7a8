package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func FuzzFormIsDecodedOrRefused(f *testing.F) {
	for _, seed := range []string{
		"", "a=1", "a[b][c]=1", "a[]=1&a[]=2", "a[0][b]=1&a[1][b]=2", "a[][b]=1&a[][c]=2&a[][b]=3", "a=1&a[b]=2", "a[b]=1&a[]=2",
		"a[", "a]=1", "[a]=1", "a[b]c=1", "a%5Bb%5D=1", "a=%zz", "a=%ff", "a=%00", "&&&", "=", "a[b=1", "a[[b]]=1",
		strings.Repeat("a[b]", 40) + "=1", "a" + strings.Repeat("[b]", 40) + "=1", strings.Repeat("a[]=1&", 500),
	} {
		f.Add(seed)
	}
	incomplete, _ := personaNamed("incomplete")
	acct := &account{ID: "acct_1", Persona: incomplete, Type: express}
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := decodeForm(raw)
		var refusal *apiError
		if err != nil {
			if !errors.As(err, &refusal) || refusal.status != http.StatusBadRequest || refusal.message == "" {
				t.Fatalf("refused without Stripe's words: %v", err)
			}
			return
		}
		again, err := decodeForm(raw)
		if err != nil || again.fingerprint() != form.fingerprint() {
			t.Fatalf("the same text was decoded differently: %v", err)
		}
		for _, name := range form.names() {
			_, _ = form.texts(name)
			_, _ = form.boolean(name)
			_, _ = form.integer(name, 0)
		}
		before, err := acct.document()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := assignAccount(before, form); err != nil && !errors.As(err, &refusal) {
			t.Fatalf("assigned without Stripe's words: %v", err)
		}
	})
}

func TestNestedKeysAreDecoded(t *testing.T) {
	t.Parallel()
	form, err := decodeForm("a[b][c]=1&list[]=x&list[]=y&rows[1][n]=two&rows[0][n]=one&pairs[][k]=1&pairs[][v]=2&pairs[][k]=3&t=a+b%26&t=last")
	if err != nil {
		t.Fatal(err)
	}
	list, err := form.texts("list")
	if err != nil || strings.Join(list, " ") != "x y" {
		t.Errorf("list: %v %v", list, err)
	}
	rows, pairs := form.field("rows").list(), form.field("pairs").list()
	got := []string{
		form.field("a").field("b").value("c"), rows[0].value("n"), rows[1].value("n"),
		pairs[0].value("k"), pairs[0].value("v"), pairs[1].value("k"), form.value("t"),
	}
	if want := "1 one two 1 2 3 last"; strings.Join(got, " ") != want {
		t.Errorf("decoded %q, want %q", strings.Join(got, " "), want)
	}
}
