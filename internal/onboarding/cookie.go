package onboarding

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	// cookieLife is the state's own and fifty minutes more, in which a reload of the way back is answered as it first was.
	cookieLife = time.Hour
	// mostCookies bounds what a browser sends along with the way back: proxies refuse headers of 4 or 8 KB.
	mostCookies = 10
)

const (
	cookiePrefix = "connectd_state_"
	rosterName   = "connectd_states"
)

// stateCookie holds the browser's secret. Lax: Stripe sends the browser back by a top-level GET.
func (s *Service) stateCookie(state, value string) *http.Cookie {
	return s.cookie(cookieName(state), value, s.redirectURI(), cookieLife)
}

func cookieName(state string) string {
	return cookiePrefix + hex.EncodeToString(hash(state)[:8])
}

// Cookies are what the browser is to be given at the departure: its state's cookie, the end of those beyond the ten newest,
// and the roster of them. The states' own cookies are seen at the callback alone, so the roster names them where they are
// made; it holds no secret.
func (s *Service) Cookies(d Departure, cookie func(name string) string) []*http.Cookie {
	names := append(rosterOf(cookie(rosterName)), strings.TrimPrefix(d.Cookie.Name, cookiePrefix))
	given := []*http.Cookie{d.Cookie}
	for ; len(names) > mostCookies; names = names[1:] {
		given = append(given, s.cookie(cookiePrefix+names[0], "", s.redirectURI(), -time.Second))
	}
	return append(given, s.cookie(rosterName, strings.Join(names, "."), s.PageURL(""), cookieLife))
}

var rosterForm = regexp.MustCompile(`^[0-9a-f]{16}(\.[0-9a-f]{16})*$`)

// rosterOf reads the ends of the cookies' names, the oldest first; anything but a roster of ours names none.
func rosterOf(value string) []string {
	if len(value) > 17*mostCookies || !rosterForm.MatchString(value) {
		return nil
	}
	return strings.Split(value, ".")
}

func (s *Service) cookie(name, value, address string, life time.Duration) *http.Cookie {
	path := "/"
	if u, err := url.Parse(address); err == nil {
		path = u.Path
	}
	return &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: strings.HasPrefix(s.cfg.BaseURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
}
