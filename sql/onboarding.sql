-- name: InsertLink :exec
-- The link, with who made it.
with made as (
    insert into onboarding_links (id, token_hash, seller_id, return_url, may_unlink, created_at, expires_at)
    values (sqlc.arg(id), sqlc.arg(token_hash), sqlc.arg(seller_id), sqlc.narg(return_url), sqlc.arg(may_unlink),
        sqlc.arg(created_at), sqlc.arg(expires_at))
    returning id, seller_id, created_at
)
insert into audit (at, actor, address, action, subject, seller_id)
select m.created_at, sqlc.arg(actor)::text, nullif(sqlc.arg(address)::text, ''), 'create_link', m.id, m.seller_id from made m;

-- name: UseLink :one
-- The link of this token, used now. An expired or revoked one is answered too, for its page to say so.
update onboarding_links set first_used_at = coalesce(first_used_at, sqlc.arg(at)::timestamptz),
    last_used_at = sqlc.arg(at)::timestamptz
where token_hash = sqlc.arg(token_hash)
returning *;

-- name: LinkByToken :one
-- The link of this token, looked at and not used.
select * from onboarding_links where token_hash = sqlc.arg(token_hash);

-- name: Link :one
select * from onboarding_links where id = sqlc.arg(id);

-- name: InsertState :exec
insert into oauth_states (state_hash, seller_id, link_id, browser_hash, sealed_token, created_at, expires_at)
values (sqlc.arg(state_hash), sqlc.arg(seller_id), sqlc.narg(link_id), sqlc.arg(browser_hash), sqlc.arg(sealed_token),
    sqlc.arg(created_at), sqlc.arg(expires_at));

-- name: InsertPlatformState :exec
insert into oauth_states (state_hash, seller_id, redirect_uri, created_at, expires_at)
values (sqlc.arg(state_hash), sqlc.arg(seller_id), sqlc.arg(redirect_uri), sqlc.arg(created_at), sqlc.arg(expires_at));

-- name: State :one
select * from oauth_states where state_hash = sqlc.arg(state_hash);

-- name: UseState :execrows
-- Binds the state to a code, or to a denial, which has none, once: the same finds it bound, anything else finds no row.
update oauth_states set used_at = coalesce(used_at, sqlc.arg(at)::timestamptz), code_hash = sqlc.narg(code_hash)
where state_hash = sqlc.arg(state_hash)
    and (used_at is null and expires_at > sqlc.arg(at)::timestamptz
        or used_at is not null and code_hash is not distinct from sqlc.narg(code_hash));

-- name: ClaimCode :execrows
-- Whoever gets a row makes the exchange, the code is never presented by anyone else.
insert into oauth_codes (code_hash, seller_id, created_at)
values (sqlc.arg(code_hash), sqlc.arg(seller_id), sqlc.arg(created_at))
on conflict do nothing;

-- name: Code :one
select * from oauth_codes where code_hash = sqlc.arg(code_hash);

-- name: KeepCode :exec
-- Keeps what is known of a code: what Stripe answered, without tokens, and what became of it. The first says a thing.
insert into oauth_codes as known (code_hash, seller_id, created_at, answered_at, account_id, livemode, scope, granted_from,
    granted_at, request_id, error_code, error_description, outcome)
values (sqlc.arg(code_hash), sqlc.arg(seller_id), sqlc.arg(created_at), sqlc.narg(answered_at), sqlc.narg(account_id),
    sqlc.narg(livemode), sqlc.narg(scope), sqlc.narg(granted_from), sqlc.narg(granted_at), sqlc.narg(request_id),
    sqlc.narg(error_code), sqlc.narg(error_description), sqlc.narg(outcome))
on conflict (code_hash) do update set
    answered_at = coalesce(known.answered_at, excluded.answered_at),
    account_id = coalesce(known.account_id, excluded.account_id),
    livemode = coalesce(known.livemode, excluded.livemode),
    scope = coalesce(known.scope, excluded.scope),
    granted_from = coalesce(known.granted_from, excluded.granted_from),
    granted_at = coalesce(known.granted_at, excluded.granted_at),
    request_id = coalesce(known.request_id, excluded.request_id),
    error_code = coalesce(known.error_code, excluded.error_code),
    error_description = coalesce(known.error_description, excluded.error_description),
    outcome = coalesce(known.outcome, excluded.outcome);

-- name: UnsettledCodes :many
-- Grants whose exchange began before, and of which it is not known what became of them, the newest first.
select * from oauth_codes
where outcome is null and account_id is not null and created_at < sqlc.arg(before)::timestamptz
order by created_at desc
limit sqlc.arg(n);

-- name: UnfinishedCodes :many
-- Exchanges that began between, and of which nobody knows how they ended, unless the seller has connected since, the same
-- account where it is known which it was, and still is.
select c.seller_id, c.created_at, c.account_id from oauth_codes c
where c.outcome is null and c.error_code is null
    and c.created_at > sqlc.arg(after)::timestamptz and c.created_at < sqlc.arg(before)::timestamptz
    and not exists (select from oauth_codes later join accounts a on a.id = later.account_id
        where later.seller_id = c.seller_id and later.outcome = 'connected' and later.created_at > c.created_at
            and later.account_id = coalesce(c.account_id, later.account_id)
            and a.seller_id = c.seller_id and a.disconnected_at is null)
order by c.created_at desc
limit sqlc.arg(n);

-- name: DeleteStates :execrows
-- Some of the states that expired before. Replicas that delete at the same time take different ones.
delete from oauth_states where state_hash in (
    select state_hash from oauth_states where expires_at < sqlc.arg(before)::timestamptz
    limit sqlc.arg(n) for update skip locked
);

-- name: DeleteBarrenCodes :execrows
-- Some of the codes from before with which Stripe never granted anything, since it did not know them or they had expired.
delete from oauth_codes where code_hash in (
    select code_hash from oauth_codes
    where outcome is null and created_at < sqlc.arg(before)::timestamptz and error_code is not null
        and (error_description like 'Authorization code does not exist%'
            or error_description like 'Authorization code %expired%')
    limit sqlc.arg(n) for update skip locked
);

-- name: UsableLinks :many
-- Links that can still be used, the newest first.
select id, seller_id, may_unlink, created_at, expires_at, first_used_at, last_used_at from onboarding_links
where revoked_at is null and expires_at > sqlc.arg(at)::timestamptz
order by created_at desc, id;

-- name: LinksBefore :many
-- A page of the links that end after a moment, those that end last first.
select * from onboarding_links
where (expires_at, id) < (sqlc.arg(before)::timestamptz, sqlc.arg(before_id)::text)
    and expires_at > sqlc.arg(ends_after)::timestamptz and (revoked_at is null or sqlc.arg(revoked)::boolean)
order by expires_at desc, id desc
limit sqlc.arg(n);

-- name: SellersLinksBefore :many
-- LinksBefore, of one seller.
select * from onboarding_links l
where l.seller_id = sqlc.arg(seller_id) and (l.expires_at, l.id) < (sqlc.arg(before)::timestamptz, sqlc.arg(before_id)::text)
    and l.expires_at > sqlc.arg(ends_after)::timestamptz and (l.revoked_at is null or sqlc.arg(revoked)::boolean)
order by l.expires_at desc, l.id desc
limit sqlc.arg(n);

-- name: RevokeLink :execrows
-- Revoking twice keeps the first time. Each is in the audit.
with revoked as (
    update onboarding_links l set revoked_at = coalesce(l.revoked_at, sqlc.arg(at)::timestamptz) where l.id = sqlc.arg(id)
    returning l.id, l.seller_id
)
insert into audit (at, actor, address, action, subject, seller_id)
select sqlc.arg(at)::timestamptz, sqlc.arg(actor)::text, nullif(sqlc.arg(address)::text, ''), 'revoke_link', r.id, r.seller_id from revoked r;

-- name: EndStates :exec
-- Ends the states that nobody has come back with.
update oauth_states set expires_at = least(expires_at, sqlc.arg(at)::timestamptz) where used_at is null;
