-- oldest: 19
-- +goose Up

-- trouble is null of what was delivered at once: it waits for another attempt ("waiting"), or has failed ("failed"), at failed_at.
-- Lists and counts go by it, and not by state, so that what is delivered at once changes nothing that is indexed (HOT).
alter table deliveries add column trouble text, add column failed_at timestamptz;

-- +goose Down
alter table deliveries drop column failed_at, drop column trouble;
