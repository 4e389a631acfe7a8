-- name: LockBrake :one
-- Locked until the commit, so that all replicas together never pass the limit.
select connected, counted_at from brake for update;

-- name: BrakeTakes :one
-- How many accounts passes have made unable or disconnected since then.
select coalesce(sum(accounts), 0)::bigint as accounts from brake_takes where at > sqlc.arg(since)::timestamptz;

-- name: FreedAccounts :many
-- Of these accounts those that a pass had held back when it was resumed, with the pass, while it is open: an answer that comes later
-- is braked.
select f.scan_id, f.account_id from freed_accounts f join scans s on s.id = f.scan_id
where f.scan_id = any(sqlc.arg(scan_ids)::text[]) and f.account_id = any(sqlc.arg(account_ids)::text[]) and s.state in ('running', 'braked');

-- name: CountConnected :one
-- Counts the open connections and keeps the number.
update brake set connected = (select count(*) from connections where disconnected_at is null), counted_at = sqlc.arg(at)
returning connected;

-- name: InsertBrakeTakes :exec
insert into brake_takes (at, accounts) values (sqlc.arg(at), sqlc.arg(accounts));

-- name: DeleteBrakeTakes :exec
delete from brake_takes where at <= sqlc.arg(before);
