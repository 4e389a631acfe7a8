-- oldest: 1
-- +goose Up

-- What was told once and is no change of an account: a paid Checkout by its session, a failed payout by its event. Kept as
-- long as events are, so that no repeat of Stripe's tells it again.
create table told (
    type text        not null,
    id   text        collate "C" not null,
    at   timestamptz not null,
    primary key (type, id)
);

create index told_by_at on told (at);

-- +goose Down
drop table told;
