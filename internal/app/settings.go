package app

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/connectd/connectd/internal/logging"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/stripeapi"
)

// The settings are environment variables, each also a flag: the tags are what the command line reads. They stand in groups,
// since a command asks only for what it uses.

// PlaceSettings say where connectd is, and where it keeps what it keeps.
type PlaceSettings struct {
	Addr       string        `default:"127.0.0.1:3001" name:"addr" env:"CONNECTD_ADDR" help:"Address to listen on; port 0 takes a free one."`
	BaseURL    string        `name:"base-url" env:"BASE_URL" placeholder:"URL" help:"Where browsers and Stripe reach connectd (default: the address that it listens on, http://localhost:3001)."`
	DataDir    string        `name:"data-dir" type:"path" placeholder:"DIR" help:"Where the embedded Postgres keeps its data, without DATABASE_URL (default: in the user's data folder)."`
	DrainDelay time.Duration `name:"drain-delay" env:"CONNECTD_DRAIN_DELAY" default:"0s" help:"How long to go on serving at a stop while /readyz says 503, so that a load balancer sends nothing more; at most 10s."`
	ReadyFile  string        `name:"ready-file" type:"path" placeholder:"PATH" help:"File to write, once requests are accepted, with all there is to know."`
}

// LogSettings say how connectd logs.
type LogSettings struct {
	LogLevel  string `name:"log-level" env:"CONNECTD_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least important lines to log: ${enum}."`
	LogFormat string `name:"log-format" env:"CONNECTD_LOG_FORMAT" default:"text" enum:"text,json" help:"Form of the log: ${enum}."`
}

// DatabaseSettings say where Postgres is.
type DatabaseSettings struct {
	DatabaseURL       stripeapi.Secret `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Postgres: postgres://USER:PASSWORD@HOST:PORT/NAME."`
	DatabaseDirectURL stripeapi.Secret `name:"database-direct-url" env:"CONNECTD_DATABASE_DIRECT_URL" placeholder:"URL" help:"The same without a transaction pooler between, for migrations and for hearing of changes and jobs at once (LISTEN)."`
}

// Direct is the URL for what needs a session of its own.
func (s DatabaseSettings) Direct() string {
	if s.DatabaseDirectURL != "" {
		return string(s.DatabaseDirectURL)
	}
	return string(s.DatabaseURL)
}

// pooled reports whether DATABASE_URL may lead through a transaction pooler: there is another way beside it.
func (s DatabaseSettings) pooled() bool { return s.DatabaseDirectURL != "" }

const exampleDatabase = "postgres://connectd:secret@localhost:5432/connectd"

// Check refuses what can't be used.
func (s DatabaseSettings) Check() []error {
	if s.DatabaseURL == "" {
		return append(s.CheckForm(), setting("DATABASE_URL", notSet, exampleDatabase))
	}
	return s.CheckForm()
}

// CheckForm refuses what is set and can't be used; serve has a Postgres of its own where nothing is set.
func (s DatabaseSettings) CheckForm() []error {
	var wrong []error
	for _, at := range []struct {
		name string
		url  stripeapi.Secret
	}{{"DATABASE_URL", s.DatabaseURL}, {"CONNECTD_DATABASE_DIRECT_URL", s.DatabaseDirectURL}} {
		if at.url != "" && postgres.CheckURL(string(at.url)) != nil { // its error would repeat most of the URL
			wrong = append(wrong, setting(at.name, "is not a Postgres URL", exampleDatabase))
		}
	}
	if s.DatabaseURL == "" && s.DatabaseDirectURL != "" {
		wrong = append(wrong, setting("CONNECTD_DATABASE_DIRECT_URL", "is set without DATABASE_URL, which it stands beside", exampleDatabase))
	}
	return wrong
}

// SettingError is one setting that is wrong.
type SettingError struct {
	Name string
	What string // what is wrong with it
	// Example is what it should look like.
	Example string
}

const notSet = "is not set"

// Error says which setting is wrong, what is wrong with it, and what it should look like.
func (e *SettingError) Error() string {
	return fmt.Sprintf("%s %s (example: %s)", e.Name, e.What, e.Example)
}

// Missing reports whether nothing is wrong but that the setting is not there.
func (e *SettingError) Missing() bool { return e.What == notSet }

func setting(name, what, example string) error { return &SettingError{name, what, example} }

// Logger logs to w as the settings say.
func (s LogSettings) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	return logging.New(w, level, s.LogFormat)
}
