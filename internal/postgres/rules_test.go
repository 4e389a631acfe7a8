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
const ruledFrom = 25

// shapes are what a statement about a table that is there may be, or the rule that it breaks, by docs/development.md's names: the
// first that fits says it, and what fits none breaks "other". A migration lets itself off by "-- allow NAME: why".
var shapes = []struct{ pattern, breaks string }{
	{`^create table`, ""},
	{`^set lock_timeout = 0$`, ""},
	{`^(?:create (?:unique )?|drop )index concurrently`, ""},
	{`^create (?:unique )?index`, "index"},
	{`^drop index`, "drop-index"},
	{`^alter table \w+ ` + added + `(?:, ` + added + `)*$`, ""},
	{`^alter table \w+ add constraint .* not valid$`, ""},
	{`^alter table \w+ validate constraint \w+$`, ""},
	{`^alter table \w+ add (?:constraint|check|foreign key|unique|primary key|exclude)`, "constraint"},
	{`^(?:drop table|alter table .*\b(?:drop column|rename)\b)`, "contract"},
	{`^alter table`, "rewrite"},
	{`^(?:update|delete|insert|with|truncate|merge|copy)\b`, "backfill"},
}

// added is a column that comes without a look at the rows: of a plain type, null or with a constant.
const (
	added    = `add column \w+ (?:text|bigint|integer|smallint|boolean|timestamptz|date|jsonb|bytea|uuid|numeric)(?:\[\])?(?: default ` + constant + `| not null default ` + constant + `| default ` + constant + ` not null)?`
	constant = `(?:'[^']*'|-?\d+|true|false)`
)

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

var (
	about    = regexp.MustCompile(`^(?:alter table|create (?:unique )?index (?:if not exists )?\w* ?on(?: only)?|update|delete from|insert into|truncate|lock table) (\w+)`)
	readFrom = regexp.MustCompile(`\b(?:from|join|using) (\w+)`)
)

// breaks is the rule that a statement breaks; "".
func (w way) breaks(statement string) string {
	if found := about.FindStringSubmatch(statement); found != nil && w.makes(found[1]) && !w.reads(statement) {
		return ""
	}
	for _, shape := range shapes {
		if !regexp.MustCompile(shape.pattern).MatchString(statement) {
			continue
		}
		if shape.breaks == "contract" && w.oldest > w.before {
			return ""
		}
		return shape.breaks
	}
	return "other"
}

// reads reports whether a statement reads a table that is there.
func (w way) reads(statement string) bool {
	return slices.ContainsFunc(readFrom.FindAllStringSubmatch(statement, -1), func(found []string) bool { return !w.makes(found[1]) })
}

func (w way) makes(table string) bool {
	made := regexp.MustCompile(`^create table (?:if not exists )?` + table + `\b`)
	return slices.ContainsFunc(w.statements, made.MatchString)
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
	w := wayOf(text, before)
	for _, statement := range w.statements {
		names = append(names, w.breaks(statement))
	}
	if strings.Contains(strings.Join(w.statements, ";"), " concurrently ") && !w.rebuilds() {
		names = append(names, "rebuild")
	}
	if len(w.altered()) > 1 {
		names = append(names, "one-table")
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return name == "" || regexp.MustCompile(`(?m)^-- allow `+name+`: \S+ \S+`).MatchString(text)
	})
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
		"create index on accounts (id);":                                                                                                        "index",
		"alter table accounts add column n bigserial;":                                                                                          "rewrite",
		"alter table accounts add column n uuid default gen_random_uuid();":                                                                     "rewrite",
		"alter table accounts add column n text generated always as (id) stored;":                                                               "rewrite",
		"alter table accounts add column n text unique;":                                                                                        "rewrite",
		"alter table accounts add column n text check (n <> '');":                                                                               "rewrite",
		"alter table accounts add column n text not null;":                                                                                      "rewrite",
		"alter table accounts set unlogged;":                                                                                                    "rewrite",
		"with x as (select 1) update accounts set note = '';":                                                                                   "backfill",
		"truncate deliveries;":                                                               "backfill",
		"do $$ begin update accounts set note = ''; end $$;":                                 "other",
		"reindex table accounts;":                                                            "other",
		"create table notes (id text); insert into notes select id from accounts;":           "backfill",
		"alter table accounts add column n text, add column m text[] not null default '{}';": "",
		"-- allow backfill: ten rows at most\nupdate policies set policy = '{}';":            "",
	} {
		if got := strings.Join(broken("-- oldest: 19\n"+up+"\n-- +goose Down\ndrop table notes;", 19), " "); got != want {
			t.Errorf("%s\nbreaks %q, want %q", up, got, want)
		}
	}
	if got := broken("-- oldest: 32\nalter table accounts drop column note;\n-- +goose Down\n", 19); len(got) > 0 {
		t.Errorf("what nobody reads any more: %v", got)
	}
}
