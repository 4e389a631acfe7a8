-- oldest: 1
-- +goose Up

-- One row a seller of the platform. readiness, account_id, digest and version say what was last published of the seller;
-- before the first connection they are null, and 0.
create table sellers (
    id         text        collate "C" primary key check (id ~ '^[A-Za-z0-9._:@-]{1,255}$' and id not in ('.', '..')),
    email      text,
    account_id text        collate "C",
    readiness  jsonb,
    digest     bytea,
    version    bigint      not null default 0,
    created_at timestamptz not null
) with (fillfactor = 40);

-- One row a connected account: who holds it (or held it last), what Stripe last said of it, what the policy makes of that.
-- A fact that Stripe has not told is null. [as_of_from, as_of] is the interval of Stripe's clock in which the facts were
-- true; [granted_from, granted_at] that of the last OAuth exchange. deauthorization_seen: a deauthorization came whose order
-- to these could not be told; the next retrieval decides. claimed_until holds a due account back while someone retrieves
-- it, or after a failure. Nothing that each event changes is indexed, so that
-- updates stay within their page (HOT); hence the fillfactor.
create table accounts (
    id                   text        collate "C" primary key,
    seller_id            text        collate "C" not null references sellers (id),
    livemode             boolean     not null,
    type                 text,
    display_name         text,
    country              text,
    default_currency     text,
    charges_enabled      boolean,
    payouts_enabled      boolean,
    details_submitted    boolean,
    requirements         jsonb,
    future_requirements  jsonb,
    capabilities         jsonb,
    status               text        not null,
    can_transact         boolean     not null,
    can_accept_payments  boolean     not null,
    can_receive_payouts  boolean     not null,
    allow_unlink         boolean     not null,
    reasons              jsonb       not null,
    at_risk_at           timestamptz,
    policy_version       integer     not null,
    judge_version        integer     not null,
    as_of                timestamptz,
    as_of_from           timestamptz,
    checked_at           timestamptz,
    next_check_at        timestamptz,
    claimed_until        timestamptz,
    check_failures       integer     not null default 0,
    last_check_error     text,
    connected_at         timestamptz not null,
    granted_from         timestamptz not null,
    granted_at           timestamptz not null,
    deauthorization_seen boolean     not null default false,
    disconnected_at      timestamptz,
    disconnect_reason    text        check (disconnect_reason in ('deauthorized', 'unlinked', 'account_invalid')),
    revision             bigint      not null,
    version              bigint      not null
) with (fillfactor = 40);

create index accounts_due on accounts (next_check_at) where next_check_at is not null;
create index accounts_by_seller on accounts (seller_id);
create index accounts_by_connected_at on accounts (connected_at, id);

-- Which seller held which account from when to when. The two unique indexes are the rule that an account has at most one
-- holder and a seller at most one account.
create table connections (
    id                bigint      generated always as identity primary key,
    seller_id         text        collate "C" not null,
    account_id        text        collate "C" not null,
    connected_at      timestamptz not null,
    disconnected_at   timestamptz,
    disconnect_reason text
);

create unique index connections_open_by_account on connections (account_id) where disconnected_at is null;
create unique index connections_open_by_seller on connections (seller_id) where disconnected_at is null;
create index connections_by_account on connections (account_id);

-- +goose Down
drop table connections;
drop table accounts;
drop table sellers;
