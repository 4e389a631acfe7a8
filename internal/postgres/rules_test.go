package postgres_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/connectd/connectd/migrations"
)

// ruledFrom is the first migration that docs/development.md's rules hold for: those before landed without them.
const ruledFrom = 29

// rules are docs/development.md's, by the names that a migration lets itself off by: "-- allow NAME: why".
var rules = map[string]func(way) bool{
	"index": func(w way) bool {
		return w.touches(`^create (?:unique )?index (?:if not exists )?\w+ on (?:only )?(\w+)`)
	},
	"drop-index": func(w way) bool { return w.any(`^drop index (?:if exists )?\w+`, "drop index concurrently") },
	"rebuild":    func(w way) bool { return w.any(`\bconcurrently\b`, "") && !w.rebuilds() },
	"constraint": func(w way) bool {
		return w.touches(`^alter table (\w+) .*\badd (?:constraint|check|foreign key|unique|primary key)\b`, "not valid")
	},
	"rewrite": func(w way) bool {
		return w.touches(`^alter table (\w+) .*(?:set not null|\balter column \w+ (?:set data )?type\b)`)
	},
	"backfill": func(w way) bool {
		return w.touches(`^update (\w+)`) || w.touches(`^delete from (\w+)`) || w.touches(`^insert .* from (\w+)`)
	},
	"one-table": func(w way) bool { return len(w.altered()) > 1 },
	"contract": func(w way) bool {
		return w.any(`^(?:drop table|alter table .*\b(?:drop column|rename)\b)`, "") && w.oldest <= w.before
	},
}

// way is a migration's way up: its statements, in lower case and without comments.
type way struct {
	statements     []string
	alone          bool // in no transaction
	oldest, before int64
}

var (
	comments = regexp.MustCompile(`(?m)--.*$`)
	spaces   = regexp.MustCompile(`\s+`)
)

func wayOf(text string, before int64) way {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	w := way{alone: strings.Contains(text, "-- +goose NO TRANSACTION"), before: before, oldest: oldestIn(text)}
	for _, s := range strings.Split(comments.ReplaceAllString(up, ""), ";") {
		if s = strings.TrimSpace(spaces.ReplaceAllString(strings.ToLower(s), " ")); s != "" {
			w.statements = append(w.statements, s)
		}
	}
	return w
}

var oldest = regexp.MustCompile(`(?m)^-- oldest: (\d+)$`)

func oldestIn(text string) (n int64) {
	for _, digit := range oldest.FindStringSubmatch(text)[1] {
		n = 10*n + int64(digit-'0')
	}
	return n
}

// any reports whether a statement is such, and has not what excuses it.
func (w way) any(pattern, unless string) bool {
	return slices.ContainsFunc(w.statements, func(s string) bool {
		return regexp.MustCompile(pattern).MatchString(s) && (unless == "" || !strings.Contains(s, unless))
	})
}

// touches reports whether a statement is such of a table that the migration has not made itself.
func (w way) touches(pattern string, unless ...string) bool {
	for _, s := range w.statements {
		found := regexp.MustCompile(pattern).FindStringSubmatch(s)
		excused := slices.ContainsFunc(unless, func(words string) bool { return strings.Contains(s, words) })
		if found != nil && !excused && !w.makes(found[1]) {
			return true
		}
	}
	return false
}

func (w way) makes(table string) bool {
	return w.any(`^create table (?:if not exists )?`+table+`\b`, "")
}

func (w way) altered() map[string]bool {
	tables := map[string]bool{}
	for _, s := range w.statements {
		found := regexp.MustCompile(`^(?:alter table|lock table|create trigger .* on) (\w+)`).FindStringSubmatch(s)
		if found != nil && !w.makes(found[1]) {
			tables[found[1]] = true
		}
	}
	return tables
}

// rebuilds: what is built beside its users waits for as long as it takes, in no transaction, and begins anew where it was broken off.
func (w way) rebuilds() bool {
	if !w.alone || w.statements[0] != "set lock_timeout = 0" {
		return false
	}
	for i, s := range w.statements {
		found := regexp.MustCompile(`^create (?:unique )?index concurrently (\w+) on`).FindStringSubmatch(s)
		if found != nil && w.statements[i-1] != "drop index concurrently if exists "+found[1] {
			return false
		}
	}
	return true
}

// broken are the rules that a migration breaks and does not say why.
func broken(text string, before int64) (names []string) {
	for name, breaks := range rules {
		allowed := regexp.MustCompile(`(?m)^-- allow ` + name + `: \S+ \S+`)
		if breaks(wayOf(text, before)) && !allowed.MatchString(text) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestMigrationsKeepToTheRules(t *testing.T) {
	t.Parallel()
	var before int64
	for _, name := range migrationNames(t) {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if now := oldestIn(string(text)); now < before {
			t.Errorf("%s takes older programs (%d) than the one before it (%d)", name, now, before)
		}
		if names := broken(string(text), before); len(names) > 0 && versionOf(t, name) >= ruledFrom {
			t.Errorf("%s breaks %v of docs/development.md; mend it, or say why it may: -- allow %s: …", name, names, names[0])
		}
		before = oldestIn(string(text))
	}
}

func TestTheRulesSeeWhatBreaksThem(t *testing.T) {
	t.Parallel()
	for up, want := range map[string]string{
		"create table notes (id text); create index notes_by_id on notes (id); insert into notes values ('a');": "",
		"alter table accounts add column note text not null default '';":                                        "",
		"alter table accounts add constraint notes check (note <> '') not valid;":                               "",
		"create index a on accounts (id);":                                                                      "index",
		"create unique index a on accounts (id); -- concurrently":                                               "index",
		"drop index a;": "drop-index",
		"create index concurrently a on accounts (id);":                                                                                         "rebuild",
		"-- +goose NO TRANSACTION\nset lock_timeout = 0; create index concurrently a on accounts (id);":                                         "rebuild",
		"-- +goose NO TRANSACTION\ndrop index concurrently if exists a; create index concurrently a on accounts (id);":                          "rebuild",
		"-- +goose NO TRANSACTION\nset lock_timeout = 0; drop index concurrently if exists a; create index concurrently a on accounts\n\t(id);": "",
		"alter table accounts add constraint notes check (note <> '');":                                                                         "constraint",
		"alter table accounts alter column note set not null;":                                                                                  "rewrite",
		"alter table accounts alter column note type bigint using 1;":                                                                           "rewrite",
		"update accounts set note = '';":                                                                                                        "backfill",
		"insert into notes (id) select id from accounts;":                                                                                       "backfill",
		"alter table accounts add column a text; alter table sellers add column a text;":                                                        "one-table",
		"alter table accounts drop column note;":                                                                                                "contract",
		"-- allow backfill: ten rows at most\nupdate policies set policy = '{}';":                                                               "",
	} {
		if got := strings.Join(broken("-- oldest: 19\n"+up+"\n-- +goose Down\ndrop table notes;", 19), " "); got != want {
			t.Errorf("%s\nbreaks %q, want %q", up, got, want)
		}
	}
	if got := broken("-- oldest: 32\nalter table accounts drop column note;\n-- +goose Down\n", 19); len(got) > 0 {
		t.Errorf("what nobody reads any more: %v", got)
	}
}
