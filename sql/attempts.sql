-- name: TakeAttempt :many
-- Counts an attempt to sign in, where no more than so many of the address are counted: none is returned where there are. Each
-- counts for a minute after the one before it.
insert into sign_in_attempts as a (address, clear) values (sqlc.arg(address), sqlc.arg(at)::timestamptz + interval '1 minute')
on conflict (address) do update set clear = greatest(a.clear, sqlc.arg(at)::timestamptz) + interval '1 minute'
    where a.clear <= sqlc.arg(latest)::timestamptz
returning clear;

-- name: ClearAttempts :many
-- When no attempt of the address is counted any more.
select clear from sign_in_attempts where address = sqlc.arg(address);

-- name: GiveBackAttempt :exec
update sign_in_attempts set clear = clear - interval '1 minute' where address = sqlc.arg(address);

-- name: ForgetAttempts :exec
-- Those of addresses that are clear; others may be at it too, and wait for nobody.
delete from sign_in_attempts where address in (
    select f.address from sign_in_attempts f where f.clear < sqlc.arg(at)::timestamptz order by f.clear limit 1000 for update skip locked);
