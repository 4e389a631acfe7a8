-- oldest: 19
-- +goose Up

-- When connectd was last alive, by whichever of its processes: a beat of any of them moves it. deaf_since: Stripe has switched
-- the webhook endpoint off, and what has happened since then no catch-up has taken over yet.
create table heartbeat (
    singleton           boolean     primary key default true check (singleton),
    at                  timestamptz,
    deaf_since          timestamptz,
    endpoint_checked_at timestamptz
) with (fillfactor = 10);

insert into heartbeat default values;

-- One row each time that connectd was not there to hear of Stripe's events: from since on they are asked for. swept: whether the
-- accounts' states have been looked at, by the pass that it has started or else by making all accounts due. listed_through: the
-- account up to which those are listed whose events are asked for, null once all are.
create table catch_ups (
    id             bigint      generated always as identity primary key,
    why            text        not null,
    since          timestamptz not null,
    opened_at      timestamptz not null,
    finished_at    timestamptz,
    superseded     boolean     not null default false,
    swept          boolean     not null default false,
    listed_through text        collate "C" default '',
    accounts       bigint      not null default 0,
    events         bigint      not null default 0,
    missed         bigint      not null default 0,
    gone           bigint      not null default 0,
    failed         bigint      not null default 0
);

create unique index catch_ups_one_open on catch_ups ((true)) where finished_at is null;

-- The accounts whose events a catch-up has still to ask for. after: the last event of the page that was stored last.
-- claimed_until: a claim, or a wait after a failure, that ends by itself.
create table catch_up_accounts (
    catch_up_id   bigint      not null references catch_ups (id) on delete cascade,
    account_id    text        collate "C" not null,
    after         text        not null default '',
    failures      integer     not null default 0,
    claimed_until timestamptz not null default '-infinity',
    primary key (catch_up_id, account_id)
);

-- +goose Down
drop table catch_up_accounts;
drop table catch_ups;
drop table heartbeat;
