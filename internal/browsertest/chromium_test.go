package browsertest

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// window is one user's window of a real browser: its tabs share cookies, which other windows don't see.
type window struct {
	t    *testing.T
	base string
	ctx  context.Context
}

// tab is one page of a window.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// findChromium prefers the one without windows of its own: those took more of the processor than the pages.
func findChromium() (path string, err error) {
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

func needChromium(t *testing.T) {
	t.Helper()
	if _, err := findChromium(); err != nil {
		t.Skip("NO PAGE WAS LOOKED AT IN A BROWSER: there is no chromium here (apt-get install chromium-headless-shell)")
	}
}

// stopChromium ends the browser that the tests have started, if they have.
var stopChromium = func() {}

// chromium is the one browser for the windows of all tests. It starts once it is needed.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1360, 900), chromedp.WSURLReadTimeout(time.Minute))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	stopChromium = func() { end(); stop() }
	return ctx, chromedp.Do(ctx)
})

// window opens a window whose user is not signed in.
func (p pages) window(t *testing.T) window {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return window{t, p.BaseURL, ctx}
}

// signedIn opens a window whose user has signed in as the admin.
func (p pages) signedIn(t *testing.T) window {
	t.Helper()
	w := p.window(t)
	first := w.tab()
	first.open("/admin/accounts")
	first.fill("input[name=password]", p.AdminPassword+"\r")
	first.until(`document.querySelector("#rows") !== null`)
	first.open("about:blank") // asks nothing any more
	return w
}

// tab opens a tab. Whatever the browser complains of in it, a breach of a page's policy say, fails the test.
func (w window) tab() tab {
	w.t.Helper()
	ctx, end := chromedp.NewContext(w.ctx)
	messages := chromedp.Console(ctx)
	w.t.Cleanup(func() {
		end()
		for m, err := range messages {
			if err != nil {
				break
			}
			if m.IsException() || m.Source == "security" || m.Source == "javascript" || strings.Contains(m.Text, "Content Security Policy") {
				w.t.Errorf("the browser complained: %s", m)
			}
		}
	})
	return tab{t: w.t, ctx: ctx, base: w.base}
}

// do does what a user does, one after the other, within a minute.
func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v, on the page:\n%s", err, b.text("body"))
	}
}

// open goes to a path of connectd's, or to a whole address.
func (b tab) open(at string) {
	b.t.Helper()
	if strings.HasPrefix(at, "/") {
		at = b.base + at
	}
	b.do(chromedp.Navigate(at))
}

// press clicks what the selector finds.
func (b tab) press(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// fill types into a field, which had something else in it, maybe.
func (b tab) fill(selector, text string) {
	b.t.Helper()
	b.do(
		chromedp.WaitVisible(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](`document.querySelector(`+quoted(selector)+`).value = ""`),
		chromedp.SendKeys(chromedp.CSS(selector), text),
	)
}

// key presses keys wherever the focus is.
func (b tab) key(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// until waits for a condition of the page, or of the page that takes its place.
func (b tab) until(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		holds, err := value[bool](b, expression)
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("waited too long for %s (%v), on the page:\n%s", expression, err, b.text("body"))
		}
	}
}

// value is what an expression is on the page.
func value[T any](b tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// look is value, where the page stays as it is.
func look[T any](b tab, expression string) T {
	b.t.Helper()
	v, err := value[T](b, expression)
	if err != nil {
		b.t.Fatalf("%s: %v, on the page:\n%s", expression, err, b.text("body"))
	}
	return v
}

// shows waits until the page shows the words.
func (b tab) shows(words ...string) {
	b.t.Helper()
	for _, w := range words {
		b.until(`document.body.innerText.replace(/\s+/g, " ").includes(` + quoted(w) + `)`)
	}
}

// text is what the page shows there, with runs of white space as one; "" where the page has no such thing.
func (b tab) text(selector string) string {
	text, err := value[string](b, `document.querySelector(`+quoted(selector)+`)?.innerText ?? ""`)
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

// address is the address that one would share, its commas as they were written.
func (b tab) address() string {
	b.t.Helper()
	return look[string](b, `location.href.replaceAll("%2C", ",")`)
}

// scheme makes the browser's user prefer dark pages or light ones.
func (b tab) scheme(name string) {
	b.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
}

func quoted(text string) string { return "`" + text + "`" }
