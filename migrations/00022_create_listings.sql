-- oldest: 19
-- +goose Up

-- method: how a pass asks Stripe. listing: a pass by list pages has not come to the list's end; what the list leaves out is made
-- due then.
alter table scans
    add column method  text    not null default 'retrieve' check (method in ('retrieve', 'list')),
    add column listing boolean not null default false;

-- Walks through Stripe's list of the platform's connected accounts, while they last: of a pass (id is the pass's), of an import,
-- or of a reconciliation. sellers_from: where an import takes its sellers from; one that was broken off is gone on with. trail:
-- the ids of the last page, in order, whose last is where the next page begins. copied_through: the account up to which revisions
-- are copied, null once all are. One process at a time walks: holder, until held_until.
create table listings (
    id             text        primary key,
    kind           text        not null check (kind in ('sweep', 'import', 'reconcile')),
    sellers_from   text,
    started_at     timestamptz not null,
    copied_through text        collate "C",
    trail          text[]      not null default '{}',
    calls          bigint      not null default 0,
    listed         bigint      not null default 0,
    imported       bigint      not null default 0,
    known          bigint      not null default 0,
    unreadable     bigint      not null default 0,
    holder         text,
    held_until     timestamptz not null default 'epoch'
);

-- The accounts that were connected when a walk began and that the list has not named yet, with their rows' revisions of then.
create table unlisted_accounts (
    listing_id text   not null references listings (id) on delete cascade,
    account_id text   collate "C" not null,
    revision   bigint not null,
    primary key (listing_id, account_id)
);

-- What a walk could not take, and why.
create table listing_refusals (
    listing_id text not null references listings (id) on delete cascade,
    account_id text collate "C" not null,
    seller_id  text collate "C" not null,
    why        text not null,
    primary key (listing_id, account_id, seller_id)
);

-- +goose Down
drop table listing_refusals;
drop table unlisted_accounts;
drop table listings;
alter table scans drop column listing, drop column method;
