-- oldest: 1
-- +goose Up

-- The pass that held the account back last, so that it counts each once.
alter table accounts add column held_back_by text;

-- +goose Down
alter table accounts drop column held_back_by;
