-- oldest: 19
-- +goose Up

-- The span that a change was made in (https://www.w3.org/TR/trace-context/#traceparent-header), so that what tells of the change is
-- part of the same trace; null where nothing is traced.
alter table account_changes add column traceparent text;

-- +goose Down
alter table account_changes drop column traceparent;
