-- oldest: 19
-- +goose Up

-- When an endpoint last took something, to the minute, and why the last attempt failed, while it fails.
alter table event_endpoints add column answered_at timestamptz, add column last_failure text;

-- +goose Down
alter table event_endpoints drop column last_failure, drop column answered_at;
