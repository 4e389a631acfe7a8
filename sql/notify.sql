-- name: LockToldChanges :many
-- How far changes were told. None where somebody else is telling.
select position from told_changes for update skip locked;

-- name: AwaitTelling :exec
-- Waits for whoever is telling changes, and keeps others from it until the commit.
select position from told_changes for update;

-- name: MoveToldChanges :exec
update told_changes set position = sqlc.arg(position);

-- name: ChangesAfter :many
-- The changes after a position, in order; each is there before any later one is.
select position, account_id, seller_id, at, source, before, after, traceparent from account_changes
where position > sqlc.arg(after)::bigint order by position limit sqlc.arg(n);

-- name: RemindersOf :many
-- Locked, so that none is told meanwhile.
select seller_id, deadline, at from reminders where seller_id = any(sqlc.arg(seller_ids)::text[]) order by seller_id for update;

-- name: SetReminders :exec
insert into reminders (seller_id, deadline, at)
select x.seller_id, x.deadline, x.at
from json_to_recordset(sqlc.arg(reminders)::json) as x(seller_id text, deadline timestamptz, at timestamptz) order by x.seller_id
on conflict (seller_id) do update set deadline = excluded.deadline, at = excluded.at;

-- name: DropReminders :exec
delete from reminders where seller_id = any(sqlc.arg(seller_ids)::text[]);

-- name: TakeReminders :many
-- Those whose moment has come, with what was last published of their sellers. Locked until they are told.
select r.seller_id, r.deadline, s.readiness, s.version from reminders r join sellers s on s.id = r.seller_id
where r.at <= sqlc.arg(at)::timestamptz order by r.at, r.seller_id limit sqlc.arg(n) for update of r skip locked;
