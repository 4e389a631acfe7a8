-- oldest: 19
-- +goose Up
alter table mail_causes add column position bigint;

-- +goose Down
alter table mail_causes drop column position;
