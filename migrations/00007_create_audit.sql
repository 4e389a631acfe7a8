-- oldest: 1
-- +goose Up

-- What people did, by whom and to what, written in the transaction of its effect. Only ever added to.
create table audit (
    id         bigint      generated always as identity primary key,
    at         timestamptz not null,
    actor      text        not null,
    action     text        not null,
    account_id text        collate "C",
    seller_id  text        collate "C"
);

create index audit_by_account on audit (account_id, id);

-- Which accounts a new policy, or new rules, have still to judge. Neither column changes with an event.
create index accounts_by_judgement on accounts (policy_version, judge_version);

-- +goose Down
drop index accounts_by_judgement;
drop table audit;
