package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWhatBreaksTheContractIsRefused: requests made from the document, over every route, each broken in one place that the
// document forbids. The answer says which.
func TestWhatBreaksTheContractIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range c.Paths {
		for method, op := range methods {
			if len(op.Security) == 0 {
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				t.Parallel()
				whole := newAttempt(c, strings.ToUpper(method), path, op)
				rapid.Check(t, func(rt *rapid.T) { whole.broken(rt).refused(rt, s) })
			})
		}
	}
}

// attempt is a request that is not sent unless it is broken.
type attempt struct {
	judge  judge
	op     operation
	method string
	path   string // a template
	params map[string]string
	query  url.Values
	header http.Header
	body   string

	want []int  // one of these is answered
	at   string // what the location of an error begins with; "" for none
	what string
}

func newAttempt(c judge, method, path string, op operation) attempt {
	a := attempt{
		judge: c, op: op, method: method, path: path, query: url.Values{}, header: http.Header{},
		params: map[string]string{"seller_id": "shop-42", "id": "acct_1"},
	}
	if op.RequestBody != nil {
		a.body = string(op.RequestBody.Content["application/json"].Example)
	}
	return a
}

// broken breaks a copy of it in one place.
func (a attempt) broken(t *rapid.T) attempt {
	a.params, a.query, a.header = maps.Clone(a.params), url.Values{}, http.Header{}
	breaks := []func(*rapid.T) attempt{a.withUnknownParameter, a.withRepeatedParameter, a.withBrokenQuery}
	for _, p := range a.op.Parameters {
		if p.fault() != nil {
			breaks = append(breaks, func(t *rapid.T) attempt { return a.withBroken(t, p) })
		}
	}
	if a.op.RequestBody != nil {
		breaks = append(breaks, a.withNoJSON, a.withLargeBody, a.withUnknownField, a.withBrokenBody, a.withBrokenBody, a.withBrokenBody)
	}
	return rapid.SampledFrom(breaks).Draw(t, "break")(t)
}

func (a attempt) withUnknownParameter(t *rapid.T) attempt {
	name := "x" + rapid.StringMatching(`[a-z_]{0,10}`).Draw(t, "name")
	a.query.Set(name, "1")
	a.what, a.want, a.at = "an unknown parameter", []int{422}, "query."+name
	return a
}

func (a attempt) withRepeatedParameter(*rapid.T) attempt {
	a.query["limit"] = []string{"1", "1"}
	a.what, a.want, a.at = "a parameter twice", []int{422}, "query.limit"
	return a
}

func (a attempt) withBrokenQuery(t *rapid.T) attempt {
	a.query.Set("x%zz;"+rapid.StringMatching(`[a-z]{0,3}`).Draw(t, "name"), "")
	a.what, a.want, a.at = "a query that can't be read", []int{422}, "query"
	return a
}

func (a attempt) withBroken(t *rapid.T, p parameter) attempt {
	value := p.fault().Draw(t, p.Name)
	a.what, a.want, a.at = p.Name+" "+value, []int{422}, p.In+"."+p.Name
	switch p.In {
	case "path":
		a.params[p.Name] = value
	case "query":
		a.query.Set(p.Name, value)
	case "header":
		a.header.Set(p.Name, value)
	}
	return a
}

func (a attempt) withNoJSON(t *rapid.T) attempt {
	cut := rapid.IntRange(0, len(a.body)-1).Draw(t, "cut")
	a.body = rapid.SampledFrom([]string{
		a.body[:cut] + "\x00", a.body + "x", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 20_000), "{", `{"a"}`, "nul", "'", `{"a":1e}`,
	}).Draw(t, "body")
	a.what, a.want, a.at = "no JSON", []int{400}, "body"
	return a
}

func (a attempt) withLargeBody(*rapid.T) attempt {
	a.body = strings.TrimSuffix(a.body, "}") + strings.Repeat(" ", 10<<20) + "}"
	a.what, a.want = "10 MiB", []int{413}
	return a
}

func (a attempt) withUnknownField(t *rapid.T) attempt {
	name := "x" + rapid.StringMatching(`[a-z_]{0,10}`).Draw(t, "name")
	a.what, a.want, a.at = "an unknown field", []int{422}, "body."+name
	a.body = edited(a.body, func(fields map[string]any) { fields[name] = anyJSON().Draw(t, "value") })
	return a
}

func (a attempt) withBrokenBody(t *rapid.T) attempt {
	object := a.judge.Components.Schemas[nameOf(a.bodySchema())]
	a.want, a.at = []int{422}, "body"
	if len(object.Properties) == 0 || rapid.IntRange(0, 4).Draw(t, "the whole") == 0 {
		a.what = "a body that is no object"
		a.body = encoded(notOf("object").Draw(t, "body"))
		return a
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(object.Properties))).Draw(t, "field")
	required := slices.Contains(object.Required, name)
	a.what, a.at = "a wrong "+name, "body."+name
	if required && rapid.Bool().Draw(t, "left out") {
		a.body = edited(a.body, func(fields map[string]any) { delete(fields, name) })
		return a
	}
	value := a.judge.wrong(object.Properties[name]).Draw(t, name)
	if required && rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		value = nil
	}
	a.body = edited(a.body, func(fields map[string]any) { fields[name] = value })
	return a
}

func (a attempt) bodySchema() json.RawMessage {
	return a.op.RequestBody.Content["application/json"].Schema
}

func nameOf(ref json.RawMessage) string {
	var s schema
	_ = json.Unmarshal(ref, &s)
	return strings.TrimPrefix(s.Ref, "#/components/schemas/")
}

// refused sends it.
func (a attempt) refused(t *rapid.T, s server) {
	if a.op.RequestBody != nil && slices.Equal(a.want, []int{422}) && strings.HasPrefix(a.at, "body") {
		at := pointer("paths", a.path, strings.ToLower(a.method), "requestBody", "content", "application/json", "schema")
		if a.judge.fault(at, []byte(a.body)) == nil {
			t.Fatalf("the contract allows %s: %s", a.what, a.body)
		}
	}
	path := a.path
	for name, value := range a.params {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	query := a.query.Encode()
	if strings.HasPrefix(a.what, "a query") {
		query = strings.NewReplacer("%25", "%", "%3B", ";").Replace(query)
	}
	req := newRequest(s.t, a.method, s.url+path+"?"+query, a.body)
	req.Header = a.header.Clone()
	req.Header.Set("Authorization", "Bearer "+s.key)
	got := send(s.t, req)
	var p problem
	if err := json.Unmarshal(got.body, &p); err != nil || !slices.Contains(a.want, got.status) {
		t.Fatalf("%s of %s: %d, want %v\n%.300s\n%s", a.what, a.op.OperationID, got.status, a.want, a.body, got.body)
	}
	if err := a.judge.fault(pointer("components", "schemas", "Problem"), got.body); err != nil {
		t.Fatal(err)
	}
	names := func(e struct{ Location, Message string }) bool {
		return strings.HasPrefix(e.Location, a.at) && e.Message != ""
	}
	if a.at != "" && !slices.ContainsFunc(p.Errors, names) {
		t.Fatalf("%s of %s: nothing is said of %s\n%.300s\n%s", a.what, a.op.OperationID, a.at, a.body, got.body)
	}
}

// fault draws what the parameter can't be; nil where it can be anything.
func (p parameter) fault() *rapid.Generator[string] {
	anything := rapid.StringMatching(`[ -~]{1,40}`)
	s := p.Schema
	switch {
	case len(s.Enum) > 0:
		return anything.Filter(func(text string) bool { return !slices.Contains(s.Enum, any(text)) })
	case s.Pattern != "":
		pattern := regexp.MustCompile(s.Pattern)
		return rapid.OneOf(anything, rapid.SampledFrom([]string{"a/b", "a\x00", "\xff", "é", strings.Repeat("a", 300)})).
			Filter(func(text string) bool { return !pattern.MatchString(text) && (p.In != "header" || sendable(text)) })
	case s.Type == "integer":
		bad := []string{"x", "1.5", "1e3", "0x10", "99999999999999999999", "-99999999999999999999", "१"}
		if s.Minimum != nil {
			bad = append(bad, encoded(*s.Minimum-1))
		}
		if s.Maximum != nil {
			bad = append(bad, encoded(*s.Maximum+1))
		}
		return rapid.SampledFrom(bad)
	case s.Type == "boolean":
		return rapid.SampledFrom([]string{"maybe", "yes", "2", "truetrue"})
	case s.Format == "date-time":
		return rapid.SampledFrom([]string{"yesterday", "2026-13-01T00:00:00Z", "2026-11-27", "12", "2026-11-27 09:30:00Z"})
	case s.MaxLength != nil:
		return rapid.Just(strings.Repeat("a", at(s.MaxLength)+1))
	}
	return nil
}

// sendable reports whether a header can hold the text as it is.
func sendable(text string) bool {
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	return strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unprintable)
}

// wrong draws what a value by the schema can't be.
func (d document) wrong(s schema) *rapid.Generator[any] {
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	kind, _ := s.Type.(string)
	wrong := []*rapid.Generator[any]{notOf(kind)}
	for _, text := range []struct {
		forbidden bool
		values    []any
	}{
		{s.MaxLength != nil, []any{strings.Repeat("é", at(s.MaxLength)+1)}},
		{s.MinLength != nil && at(s.MinLength) > 0, []any{""}},
		{s.Pattern != "" && kind == "string", []any{"", "a/b", "a b", "\u0000", "é", strings.Repeat("a", 300)}},
		{len(s.Enum) > 0, []any{"", "no such value"}},
		{s.Minimum != nil, []any{at(s.Minimum) - 1, -1e300}},
		{s.Maximum != nil, []any{at(s.Maximum) + 1, 1e300}},
		{kind == "integer", []any{1.5}},
		{s.MaxItems != nil, []any{make([]string, at(s.MaxItems)+1)}},
	} {
		if text.forbidden {
			wrong = append(wrong, rapid.SampledFrom(text.values))
		}
	}
	if s.Items != nil {
		wrong = append(wrong, rapid.Map(d.wrong(*s.Items), func(item any) any { return []any{item} }))
	}
	return rapid.OneOf(wrong...)
}

func at[T any](bound *T) (value T) {
	if bound != nil {
		value = *bound
	}
	return value
}

// notOf draws JSON of any kind but one, and but null: optional fields may be null.
func notOf(kind string) *rapid.Generator[any] {
	return anyJSON().Filter(func(value any) bool {
		switch value.(type) {
		case nil:
			return false
		case string:
			return kind != "string"
		case bool:
			return kind != "boolean"
		case float64:
			return kind != "integer" && kind != "number"
		case []any:
			return kind != "array"
		}
		return kind != "object"
	})
}

func anyJSON() *rapid.Generator[any] {
	deep := any("x")
	for range 500 {
		deep = []any{deep}
	}
	return rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.SampledFrom([]any{
			nil, 0.0, 7.0, -1.5, 1e300, "\u0000", []any{}, []any{nil, "x", 1.0}, map[string]any{}, map[string]any{"a": map[string]any{"b": nil}}, deep,
		}),
	)
}

func edited(body string, edit func(map[string]any)) string {
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		panic(err) // an example of the document
	}
	edit(fields)
	return encoded(fields)
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was made of what JSON has
	}
	return string(text)
}
