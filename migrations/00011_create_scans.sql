-- oldest: 1
-- +goose Up

-- ladder: how many rungs of sooner checks an account that is not in order has climbed. failing_since: when the checks that fail
-- began to. held_back: a pass would have taken the account's yes, and its brake kept it from that.
alter table accounts
    add column ladder        smallint    not null default 0,
    add column failing_since timestamptz,
    add column held_back     boolean     not null default false;

-- The queue of checks, in its order: an account's turn comes when it is due and nobody's claim, or wait after a failure, is on
-- it.
drop index accounts_due;
create index accounts_due on accounts (greatest(next_check_at, claimed_until)) where next_check_at is not null and not held_back;
create index accounts_held_back on accounts (id) where held_back;

-- One row a pass, its report. While one is open there is no other. due_through is the account up to which a pass over all
-- accounts has made them due, null where that is done or was never to be. freed: somebody released its brake.
create table scans (
    id           text        primary key,
    state        text        not null check (state in ('running', 'braked', 'finished', 'stopped')),
    why          text,
    started_by   text        not null,
    started_at   timestamptz not null,
    finished_at  timestamptz,
    due_through  text        collate "C",
    freed        boolean     not null default false,
    due          bigint      not null default 0,
    checked      bigint      not null default 0,
    changed      bigint      not null default 0,
    newly_unable bigint      not null default 0,
    newly_able   bigint      not null default 0,
    disconnected bigint      not null default 0,
    failed       bigint      not null default 0,
    held_back    bigint      not null default 0,
    stripe_calls bigint      not null default 0
);

create unique index scans_one_open on scans ((true)) where state in ('running', 'braked');
create index scans_by_started_at on scans (started_at, id);

-- What a pass found: the first thousand accounts that it changed, and the first thousand that it held back.
create table scan_findings (
    scan_id     text    not null references scans (id) on delete cascade,
    kind        text    not null check (kind in ('changed', 'held_back')),
    account_id  text    collate "C" not null,
    seller_id   text    collate "C" not null,
    from_status text    not null,
    to_status   text    not null,
    primary key (scan_id, kind, account_id)
);

-- The brake: who would take accounts' yes in a pass locks this row first. connected is how many accounts were connected at
-- counted_at.
create table brake (
    singleton  boolean     primary key default true check (singleton),
    connected  bigint      not null default 0,
    counted_at timestamptz not null default 'epoch'
);

insert into brake default values;

-- How many accounts passes have made unable or disconnected, and when.
create table brake_takes (
    at       timestamptz not null,
    accounts bigint      not null
);

create index brake_takes_by_at on brake_takes (at);

-- +goose Down
drop table brake_takes;
drop table brake;
drop table scan_findings;
drop table scans;
drop index accounts_held_back;
drop index accounts_due;
create index accounts_due on accounts (next_check_at) where next_check_at is not null;
alter table accounts drop column held_back, drop column failing_since, drop column ladder;
