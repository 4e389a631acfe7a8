-- name: InsertAPIKey :execrows
-- The key, with who made it; nothing where a key of this id was made before.
with made as (
    insert into api_keys (id, name, key_hash, scopes, created_at, expires_at)
    values (sqlc.arg(id), sqlc.arg(name), sqlc.arg(key_hash), sqlc.arg(scopes), sqlc.arg(created_at), sqlc.narg(expires_at))
    on conflict (id) do nothing
    returning id, created_at
)
insert into audit (at, actor, address, action, subject)
select m.created_at, sqlc.arg(actor)::text, nullif(sqlc.arg(address)::text, ''), 'create_key', m.id from made m;

-- name: UsableAPIKey :one
-- The key of this hash, unless it is revoked, has expired, or is of the other mode than the database.
select id, name, scopes from api_keys
where key_hash = sqlc.arg(key_hash) and revoked_at is null
    and (expires_at is null or expires_at > sqlc.arg(at)::timestamptz)
    and not exists (select from platform p where p.livemode <> sqlc.arg(livemode)::boolean);

-- name: APIKeys :many
select id, name, scopes, created_at, expires_at, revoked_at, last_used_at from api_keys order by created_at, id;

-- name: APIKeysBefore :many
-- A page of the keys, the newest first.
select id, name, scopes, created_at, expires_at, revoked_at, last_used_at from api_keys
where (created_at, id) < (sqlc.arg(before)::timestamptz, sqlc.arg(before_id)::text)
order by created_at desc, id desc
limit sqlc.arg(n);

-- name: APIKey :one
select id, name, scopes, created_at, expires_at, revoked_at, last_used_at from api_keys where id = sqlc.arg(id);

-- name: RevokeAPIKey :execrows
-- Revoking twice keeps the first time. Each is in the audit.
with revoked as (
    update api_keys k set revoked_at = coalesce(k.revoked_at, sqlc.arg(at)::timestamptz) where k.id = sqlc.arg(id) returning k.id
)
insert into audit (at, actor, address, action, subject)
select sqlc.arg(at)::timestamptz, sqlc.arg(actor)::text, nullif(sqlc.arg(address)::text, ''), 'revoke_key', r.id from revoked r;

-- name: TouchAPIKeys :exec
-- When these keys were last used, to the minute: a key is written at most once a minute, however many processes see it used.
update api_keys set last_used_at = sqlc.arg(at)::timestamptz
where id = any(sqlc.arg(ids)::text[])
    and (last_used_at is null or last_used_at < sqlc.arg(at)::timestamptz - interval '1 minute');

-- name: UsableAPIKeys :many
-- All keys that are neither revoked nor expired, with the database's mode where it belongs to a platform.
select k.id, k.name, k.key_hash, k.scopes, k.expires_at, p.livemode
from api_keys k left join platform p on true
where k.revoked_at is null and (k.expires_at is null or k.expires_at > sqlc.arg(at)::timestamptz);
