-- oldest: 1
-- +goose Up

-- Stripe's events, each once, with what became of it. The payload is what connectd reads of the event, as JSON in text
-- (jsonb refuses NUL, and parsing whole payloads as jsonb is a third of the cost of ingest); ignored events have none.
create table stripe_events (
    id          text        collate "C" primary key,
    type        text        not null,
    account     text        collate "C",
    created     timestamptz not null,
    received_at timestamptz not null,
    outcome     text        not null check (outcome in ('applied', 'stale', 'ignored', 'failed')),
    why         text,
    payload     text
);

create index stripe_events_by_received_at on stripe_events (received_at);

-- +goose Down
drop table stripe_events;
