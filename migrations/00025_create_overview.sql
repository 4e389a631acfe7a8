-- oldest: 19
-- +goose Up

-- The overview's figures are counted from the history as it grows, so that no page reads the history. position: the changes up to
-- here are counted. starts: how sellers come from their link to transacting, as looked at from time to time, next at starts_due_at.
create table overview (
    singleton     boolean     primary key default true check (singleton),
    position      bigint      not null,
    starts        jsonb,
    starts_at     timestamptz,
    starts_due_at timestamptz not null default 'epoch'
) with (fillfactor = 10);

insert into overview (position) values (0);

-- How many sellers became able to transact on a day (UTC), and how many unable.
create table daily_turns (
    day           date   primary key,
    became_able   bigint not null,
    became_unable bigint not null
);

-- Why sellers became unable on a day, and what became due: how many sellers, and the positions of the newest of these changes.
-- What is not said of a cause is empty.
create table daily_causes (
    day             date     not null,
    kind            text     not null check (kind in ('unable', 'due')),
    code            text     not null,
    disabled_reason text     not null,
    requirement     text     not null,
    source          text     not null,
    sellers         bigint   not null,
    newest          bigint[] not null,
    primary key (kind, day, code, disabled_reason, requirement, source)
);

-- The way of sellers who have connected by themselves within a year, until they can transact: when they first had connected, had
-- given Stripe their details, and could transact, and what keeps them from it until then.
create table seller_starts (
    seller_id       text        primary key collate "C",
    connected_at    timestamptz not null,
    detailed_at     timestamptz,
    able_at         timestamptz,
    code            text        not null,
    disabled_reason text        not null,
    requirement     text        not null
);

create index seller_starts_by_connected_at on seller_starts (connected_at);
-- +goose Down
drop table seller_starts;
drop table daily_causes;
drop table daily_turns;
drop table overview;
