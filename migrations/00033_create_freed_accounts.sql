-- oldest: 19
-- +goose Up

-- What a pass had held back when somebody resumed it: its brake holds these back no more.
create table freed_accounts (
    scan_id    text collate "C" not null,
    account_id text collate "C" not null,
    primary key (scan_id, account_id)
);

-- +goose Down
drop table freed_accounts;
