package web

import (
	"net/http"

	"github.com/gorilla/mux"
)

const settingsPath = "/admin/settings"

// SettingGroup is what belongs together of the settings.
type SettingGroup struct {
	Title    string
	Settings []Setting
}

// Setting is one setting of the service, as it is in force.
type Setting struct {
	Name    string // of the environment variable; "" where only the flag sets it
	Flag    string // with its dashes; "" where only the environment sets it
	Value   string // "": none is set, or nothing of it may be seen
	Hidden  bool   // a secret is set; Value is what may be seen of it
	From    string // where it comes from, in words
	Default string // "": none, or said in Help
	Help    string
}

// Standing is what is in force, in words.
func (s Setting) Standing() string {
	switch {
	case s.Hidden && s.Value != "":
		return "set, hidden but for the host " + s.Value
	case s.Hidden:
		return "set, hidden"
	case s.Value == "":
		return "not set"
	}
	return s.Value
}

// Origin is where what is in force comes from, and what would be in force otherwise.
func (s Setting) Origin() string {
	switch {
	case s.Value == "" && !s.Hidden:
		return ""
	case s.Default == "" || s.Value == s.Default:
		return "from " + s.From
	}
	return "from " + s.From + "; the default is " + s.Default
}

// Anchor names the setting's place on the page.
func (s Setting) Anchor() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Flag[len("--"):]
}

// settingsView is what is in force.
type settingsView struct{ Groups []SettingGroup }

func (settingsView) template() string { return "settings" }

func (s *site) routeSettings(router *mux.Router) {
	s.get(router, settingsPath, s.admin(s.showSettings))
}

func (s *site) showSettings(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, settingsView{s.Settings})
}
