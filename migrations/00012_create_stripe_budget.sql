-- oldest: 1
-- +goose Up

-- What all replicas together have used of the calls that Stripe permits: one row. It is a moment, and in seconds from it how
-- far the calls taken so far reach: those of the scan at the scan's rate, all at Stripe's rate for all, those of its busiest
-- operation at Stripe's rate for one; how long Stripe asked for a pause; what part of the rate is left after its refusals,
-- and how long ago the last of these was. Only what was used: each process brings rates of its own.
create table stripe_budget (
    id              boolean          primary key default true check (id),
    at              timestamptz      not null,
    scan_ahead      double precision not null default 0,
    all_ahead       double precision not null default 0,
    operation_ahead double precision not null default 0,
    pause           double precision not null default 0,
    factor          double precision not null default 1,
    calm            double precision not null default 0
) with (fillfactor = 10);

insert into stripe_budget (at) values ('epoch');

-- How many reads were made of Stripe's API on a day (UTC), of which a platform has an allocation over 30 days.
create table stripe_reads (
    day date   primary key,
    n   bigint not null
) with (fillfactor = 10);

-- +goose Down
drop table stripe_reads;
drop table stripe_budget;
