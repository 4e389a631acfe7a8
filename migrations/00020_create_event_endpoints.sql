-- oldest: 19
-- +goose Up

-- Where connectd sends its own events. The secret signs, so that it can't be a hash; each of former_secrets, latest first, signs
-- beside it until the same place of former_until. An endpoint gets the changes after after_position. failures counts the attempts
-- in a row that failed, the first of them at failing_since, the last at failed_at.
create table event_endpoints (
    id             text        primary key collate "C",
    url            text        not null,
    types          text[]      not null, -- none: all
    secret         text        not null,
    former_secrets text[]        not null default '{}',
    former_until   timestamptz[] not null default '{}',
    created_at     timestamptz not null,
    after_position bigint      not null,
    failures       integer     not null default 0,
    failing_since  timestamptz,
    failed_at      timestamptz,
    disabled_at    timestamptz
);

-- What was, or is to be, sent to an endpoint: one event, whose id is the webhook-id and the same for all endpoints. The body is
-- text, so that each repeat has the same bytes. round is which of several series of attempts is under way (each after a person's
-- wish), tries how many attempts that series has made. An endpoint's deliveries may outlive it.
create table deliveries (
    id              text        primary key collate "C", -- in the order of time
    endpoint_id     text        not null collate "C",
    event_id        text        not null collate "C",
    type            text        not null,
    account_id      text        collate "C",
    body            text        not null,
    state           text        not null check (state in ('pending', 'delivered', 'failed')),
    attempts        jsonb       not null default '[]',
    round           integer     not null default 1,
    tries           integer     not null default 0,
    next_attempt_at timestamptz,
    created_at      timestamptz not null
) with (fillfactor = 60);

create index deliveries_by_endpoint on deliveries (endpoint_id, id);
create index deliveries_by_account on deliveries (account_id) where account_id is not null;
create index deliveries_by_age on deliveries (created_at);

-- How far changes were told: one row, locked by whoever tells. What was before this migration is nobody's to hear.
create table told_changes (
    singleton boolean primary key default true check (singleton),
    position  bigint  not null
);

insert into told_changes (position) select position from feed;

-- +goose Down
drop table told_changes;
drop table deliveries;
drop table event_endpoints;
