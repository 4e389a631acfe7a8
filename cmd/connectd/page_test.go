package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a page in docs: what its reader types, or is shown.
type block struct {
	line int
	kind string // what stands behind the fence
	text string
}

// blocksOf reads a page's blocks, in order.
func blocksOf(t *testing.T, path string) []block {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	inside := false
	for i, line := range strings.Split(string(page), "\n") {
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !inside:
			found = append(found, block{line: i + 1, kind: kind})
			inside = true
		case fence:
			inside = false
		case inside:
			found[len(found)-1].text += line + "\n"
		}
	}
	return found
}

// fault is what of a printed answer is not as the block shows it: all that it shows has to be there. An ellipsis stands for
// whatever there is, a moment for any moment, and a position for any position.
func (b block) fault(printed string) error {
	switch b.kind {
	case "json":
		return faultOfJSON(b.text, printed)
	case "http":
		return faultOfHTTP(b.text, printed)
	case "text":
		return faultOfText("^"+formOf(b.text)+"$", printed)
	case "text stays":
		return faultOfText(formOf(b.text), printed)
	}
	return fmt.Errorf("the page's test knows no blocks of kind %q", b.kind)
}

var (
	shownMoment   = regexp.MustCompile(`\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\\\.\d+)?Z)?`)
	elisionOfRest = regexp.MustCompile(`,?\s*…\s*}`)
	elisionInList = regexp.MustCompile(`…\s*]`)
)

// formOf is a pattern of the text.
func formOf(text string) string {
	form := shownMoment.ReplaceAllStringFunc(regexp.QuoteMeta(text), func(moment string) string {
		if strings.Contains(moment, "T") {
			return `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`
		}
		return `\d{4}-\d\d-\d\d`
	})
	return strings.ReplaceAll(form, "…", ".*")
}

func faultOfText(form, printed string) error {
	if !regexp.MustCompile(form).MatchString(printed) {
		return fmt.Errorf("printed is\n%s", printed)
	}
	return nil
}

func faultOfHTTP(shown, printed string) error {
	wantHead, wantBody, _ := strings.Cut(shown, "\n\n")
	head, body, _ := strings.Cut(strings.ReplaceAll(printed, "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	for want := range strings.Lines(wantHead) {
		form := regexp.MustCompile("(?i)^" + formOf(strings.TrimSpace(want)) + "$")
		if !slices.ContainsFunc(lines, form.MatchString) {
			return fmt.Errorf("no %q in\n%s", want, head)
		}
	}
	if wantBody == "" {
		return nil
	}
	return faultOfJSON(wantBody, body)
}

func faultOfJSON(shown, printed string) error {
	shown = elisionOfRest.ReplaceAllString(shown, "}")
	shown = elisionInList.ReplaceAllString(shown, `"…"]`)
	var want, got any
	if err := json.Unmarshal([]byte(shown), &want); err != nil {
		return fmt.Errorf("what the page shows is no JSON: %w", err)
	}
	if err := json.Unmarshal([]byte(printed), &got); err != nil {
		return fmt.Errorf("printed is no JSON: %w\n%s", err, printed)
	}
	if err := faultOfValue("", want, got); err != nil {
		return fmt.Errorf("%w, printed is\n%s", err, printed)
	}
	return nil
}

// faultOfValue goes down into what is shown; at is where.
func faultOfValue(at string, want, got any) error {
	switch w := want.(type) {
	case map[string]any:
		return faultOfObject(at, w, got)
	case []any:
		return faultOfList(at, w, got)
	case string:
		if g, ok := got.(string); ok && regexp.MustCompile("^"+formOf(w)+"$").MatchString(g) {
			return nil
		}
	case float64:
		if g, ok := got.(float64); ok && (g == w || isPosition(at) && g > 0 && w > 0) {
			return nil
		}
	default: // true, false, null
		if want == got {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, the page shows %v", at, got, want)
}

func isPosition(at string) bool {
	return strings.HasSuffix(at, ".position") || strings.HasSuffix(at, ".version")
}

func faultOfObject(at string, want map[string]any, got any) error {
	g, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %v, the page shows an object", at, got)
	}
	for name, value := range want {
		if _, ok := g[name]; !ok {
			return fmt.Errorf("there is no %s.%s", at, name)
		}
		if err := faultOfValue(at+"."+name, value, g[name]); err != nil {
			return err
		}
	}
	return nil
}

func faultOfList(at string, want []any, got any) error {
	g, ok := got.([]any)
	open := len(want) > 0 && want[len(want)-1] == "…"
	if open {
		want = want[:len(want)-1]
	}
	if !ok || len(g) < len(want) || !open && len(g) > len(want) {
		return fmt.Errorf("%s is %v, the page shows %d entries", at, got, len(want))
	}
	for i := range want {
		if err := faultOfValue(fmt.Sprintf("%s[%d]", at, i), want[i], g[i]); err != nil {
			return err
		}
	}
	return nil
}

// TestAPageIsNotBelieved: what is printed otherwise than shown is found.
func TestAPageIsNotBelieved(t *testing.T) {
	t.Parallel()
	const printed = `{"id":"acct_1","at":"2026-03-01T13:58:01.5Z","n":2,"position":7,"none":null,"list":[{"a":1},{"a":2}]}`
	for _, c := range []struct {
		kind, shown, printed string
		as                   bool
	}{
		{"json", `{"id": "acct_…", "at": "2020-01-01T00:00:00Z", "position": 118, …}`, printed, true},
		{"json", `{"list": [{"a": 1}, …], "none": null, "n": 2}`, printed, true},
		{"json", `{"list": [{"a": 1}, {…}]}`, printed, true},
		{"json", `{"list": [{"a": 1}]}`, printed, false},
		{"json", `{"list": [{"a": 2}, …]}`, printed, false},
		{"json", `{"list": […]}`, printed, true},
		{"json", `{"list": {…}}`, printed, false},
		{"json", `{"id": "prod_…"}`, printed, false},
		{"json", `{"n": 3}`, printed, false},
		{"json", `{"position": 0}`, printed, false},
		{"json", `{"none": "…"}`, printed, false},
		{"json", `{"missing": null}`, printed, false},
		{"json", `{"at": "2020-01-01"}`, printed, false},
		{"text", "a … on 2020-01-01\n", "a b c on 2026-11-27\n", true},
		{"text", "a\n", "a\nb\n", false},
		{"text stays", "a\n", "before\na\nb\n", true},
		{"text stays", "c\n", "before\na\nb\n", false},
		{"http", "HTTP/1.1 409 Conflict\nA: …\n\n{\"n\": 2, …}\n", "HTTP/1.1 409 Conflict\r\nB: 2\r\nA: 1\r\n\r\n" + printed, true},
		{"http", "HTTP/1.1 200 OK\n", "HTTP/1.1 409 Conflict\r\nA: 1\r\n\r\n", false},
		{"http", "HTTP/1.1 200 OK\nB: 2\n", "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n", false},
	} {
		if err := (block{kind: c.kind, text: c.shown}).fault(c.printed); (err == nil) != c.as {
			t.Errorf("%s %s: %v", c.kind, c.shown, err)
		}
	}
}
