-- oldest: 17
-- +goose Up

-- The application fee of each Checkout session that connectd made with one: no session, and no event of one, says it. Written
-- before the session is handed out, and kept as long as events are, which is longer than a session can still be paid.
create table checkout_fees (
    session_id             text        primary key collate "C",
    application_fee_amount bigint      not null, -- in the currency's smallest unit
    at                     timestamptz not null
);

create index checkout_fees_by_at on checkout_fees (at);

-- +goose Down
drop table checkout_fees;
