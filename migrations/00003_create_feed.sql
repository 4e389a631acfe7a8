-- oldest: 1
-- +goose Up

-- The feed's counter, one row, locked from its update to the commit: positions are dense and in the order of commits, so
-- that no reader can skip one. epoch rises when a database is restored from a backup.
create table feed (
    singleton boolean primary key default true check (singleton),
    epoch     bigint  not null,
    position  bigint  not null
);

insert into feed (epoch, position) values (1, 0);

-- What followers read. A change holds no readiness: it is account_changes.after at the same position. A check is a
-- retrieval that only confirmed: the readiness of position `version` with these times. Kept for a week.
create table feed_entries (
    position   bigint      primary key,
    kind       text        not null check (kind in ('change', 'check')),
    at         timestamptz not null,
    seller_id  text        collate "C" not null,
    source     text        not null,
    version    bigint      not null,
    as_of      timestamptz,
    checked_at timestamptz
);

-- The history of each account and seller, kept for ever. before is null at a seller's first.
create table account_changes (
    position       bigint      primary key,
    account_id     text        collate "C" not null,
    seller_id      text        collate "C" not null,
    at             timestamptz not null,
    source         text        not null,
    event_id       text,
    request_id     text,
    policy_version integer     not null,
    before         jsonb,
    after          jsonb       not null
);

create index account_changes_by_account on account_changes (account_id, position);
create index account_changes_by_seller on account_changes (seller_id, position);

-- +goose Down
drop table account_changes;
drop table feed_entries;
drop table feed;
