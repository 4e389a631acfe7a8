-- name: LockBrake :one
-- Locked until the commit, so that all replicas together never pass the limit.
select connected, counted_at from brake for update;

-- name: BrakeTakes :one
-- How many accounts passes have made unable or disconnected since then.
select coalesce(sum(accounts), 0)::bigint as accounts from brake_takes where at > sqlc.arg(since)::timestamptz;

-- name: FreedScans :many
-- Of these passes those whose brake was released, while they are open: an answer that comes later is braked.
select id from scans where id = any(sqlc.arg(ids)::text[]) and freed and state = 'running';

-- name: CountConnected :one
-- Counts the open connections and keeps the number.
update brake set connected = (select count(*) from connections where disconnected_at is null), counted_at = sqlc.arg(at)
returning connected;

-- name: InsertBrakeTakes :exec
insert into brake_takes (at, accounts) values (sqlc.arg(at), sqlc.arg(accounts));

-- name: DeleteBrakeTakes :exec
delete from brake_takes where at <= sqlc.arg(before);
