-- oldest: 1
-- +goose Up

-- The events that could not be read, which people look for and apply again in the order of created; they are few.
create index stripe_events_failed on stripe_events (created, id) where outcome = 'failed';

-- +goose Down
drop index stripe_events_failed;
