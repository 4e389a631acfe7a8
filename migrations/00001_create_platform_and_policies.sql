-- oldest: 1
-- +goose Up

-- The Stripe platform and the mode that this database belongs to. It has one row, written by the first start that could
-- ask Stripe; from then on keys of any other platform or mode are refused.
create table platform (
    singleton  boolean     primary key default true check (singleton),
    account_id text        not null,
    livemode   boolean     not null,
    claimed_at timestamptz not null
);

-- The platform's own rules, one row a version; the highest version judges.
create table policies (
    version    integer     primary key check (version > 0),
    policy     jsonb       not null,
    created_at timestamptz not null,
    created_by text        not null
);

-- +goose Down
drop table policies;
drop table platform;
