-- oldest: 1
-- +goose Up

-- The pages that platforms send sellers to. The token is stored as its SHA-256.
create table onboarding_links (
    id            text        collate "C" primary key,
    token_hash    bytea       not null unique,
    seller_id     text        collate "C" not null references sellers (id),
    return_url    text,
    may_unlink    boolean     not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    revoked_at    timestamptz,
    first_used_at timestamptz,
    last_used_at  timestamptz
);

create index onboarding_links_by_seller on onboarding_links (seller_id);

-- OAuth states on their way to Stripe and back: single use, stored as SHA-256. One that began on a link is bound to the
-- browser by a secret, of which browser_hash is the SHA-256; one that a platform asked for has the platform's own
-- redirect_uri instead, and no link. code_hash is the code that used the state.
create table oauth_states (
    state_hash   bytea       primary key,
    seller_id    text        collate "C" not null,
    link_id      text        collate "C" references onboarding_links (id),
    browser_hash bytea,
    redirect_uri text,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    used_at      timestamptz,
    code_hash    bytea,
    check ((link_id is null) = (browser_hash is null) and (link_id is null) = (redirect_uri is not null))
);

-- One row an authorization code, committed before its exchange: whoever inserts it makes the exchange, everyone else
-- waits for the answer. A row without answered_at after its exchange's time-out is an unfinished attempt.
create table oauth_codes (
    code_hash         bytea       primary key,
    seller_id         text        collate "C" not null,
    created_at        timestamptz not null,
    answered_at       timestamptz,
    account_id        text        collate "C",
    livemode          boolean,
    scope             text,
    granted_from      timestamptz,
    granted_at        timestamptz,
    request_id        text,
    error_code        text,
    error_description text,
    outcome           text
);

-- +goose Down
drop table oauth_codes;
drop table oauth_states;
drop table onboarding_links;
