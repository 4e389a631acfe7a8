-- oldest: 1
-- +goose Up

-- The platform's API keys, stored as SHA-256 (they hold 32 random bytes, so that a slow hash would add nothing).
create table api_keys (
    id           text        collate "C" primary key,
    name         text        not null,
    key_hash     bytea       not null unique,
    scopes       text[]      not null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);

-- Admins' sessions; the columns are those of scs's Postgres store, the token is hashed.
create table sessions (
    token  text        primary key,
    data   bytea       not null,
    expiry timestamptz not null
);

create index sessions_by_expiry on sessions (expiry);

-- +goose Down
drop table sessions;
drop table api_keys;
