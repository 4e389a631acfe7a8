-- name: OpenScan :many
-- Opens a pass where none is open.
insert into scans (id, state, started_by, started_at, due, due_through, method, listing)
values (sqlc.arg(id), 'running', sqlc.arg(started_by), sqlc.arg(at), sqlc.arg(due), sqlc.narg(due_through), sqlc.arg(method), sqlc.arg(listing))
on conflict ((true)) where state in ('running', 'braked') do nothing
returning *;

-- name: CurrentScan :many
-- The open pass, or none.
select * from scans where state in ('running', 'braked');

-- name: LockScan :many
select * from scans where id = sqlc.arg(id) for no key update;

-- name: ScanByID :many
select * from scans where id = sqlc.arg(id);

-- name: ListScans :many
-- Passes, newest first, from before one.
select s.* from scans s
where (s.started_at, s.id) < (sqlc.arg(before_at)::timestamptz, sqlc.arg(before_id)::text)
order by s.started_at desc, s.id desc limit sqlc.arg(n);

-- name: ScanFindings :many
-- What passes found, of each kind the first thousand.
select f.* from unnest(sqlc.arg(scan_ids)::text[]) as s(id) cross join (values ('changed'), ('held_back')) as k(kind)
    cross join lateral (
        select l.* from scan_findings l where l.scan_id = s.id and l.kind = k.kind order by l.account_id limit 1000
    ) as f
order by f.scan_id, f.kind, f.account_id;

-- name: FindingsAfter :many
-- What a pass found of one kind, in the order of ids, from after an account on, and whether it holds the account back still.
select sqlc.embed(f), coalesce((select a.held_back and a.held_back_by = f.scan_id from accounts a where a.id = f.account_id), false)::boolean as held
from scan_findings f
where f.scan_id = sqlc.arg(scan_id) and f.kind = sqlc.arg(kind) and f.account_id > sqlc.arg(after)::text collate "C"
order by f.account_id limit sqlc.arg(n);

-- name: CountHeldBack :one
-- How many accounts are held back, by whichever pass, as far as n.
select count(*) from (select 1 from accounts h where h.held_back limit sqlc.arg(n)) as counted;

-- name: CountDue :one
-- How many accounts' turn has come, where no pass is open: those that an earlier one held back are among them.
select ((select count(*) from accounts a where a.next_check_at is not null and not a.held_back
        and greatest(a.next_check_at, a.claimed_until) <= sqlc.arg(at)::timestamptz)
    + (select count(*) from accounts h where h.held_back))::bigint as due;

-- name: AnyDue :one
-- Whether any account's turn has come, as CountDue has it. In the index's order: a plan that expects many would scan the
-- table where there are none.
select (coalesce((select true from accounts a where a.next_check_at is not null and not a.held_back
        and greatest(a.next_check_at, a.claimed_until) <= sqlc.arg(at)::timestamptz
        order by greatest(a.next_check_at, a.claimed_until) limit 1), false)
    or exists (select from accounts h where h.held_back))::boolean as some;

-- name: Unchecked :one
-- Whether an account's turn has come by then that was due: nobody has taken it, or somebody may be checking it. In the
-- index's order, as AnyDue.
select coalesce((select true from accounts a where a.next_check_at <= sqlc.arg(at)::timestamptz and not a.held_back
    and greatest(a.next_check_at, a.claimed_until) <= sqlc.arg(until)::timestamptz
    order by greatest(a.next_check_at, a.claimed_until) limit 1), false)::boolean as some;

-- name: AddToScan :exec
-- What a pass counts beside the registry: how many accounts fell due since it was opened, how many could not be read, and
-- what it asked of Stripe.
update scans set due = due + sqlc.arg(due)::bigint, failed = failed + sqlc.arg(failed)::bigint,
    stripe_calls = stripe_calls + sqlc.arg(stripe_calls)::bigint
where id = sqlc.arg(id);

-- name: MakeDue :one
-- Makes the next connected accounts due, as of the pass's start, that have not been checked since, in the order of ids, also
-- those that wait after a failure, and says how many it looked at, how many became due, and up to which.
with next as (
    select a.id, a.next_check_at is not null and coalesce(a.checked_at, '-infinity') < sqlc.arg(started_at)::timestamptz
        and (a.next_check_at > sqlc.arg(started_at)::timestamptz
            or a.check_failures > 0 and a.claimed_until > sqlc.arg(started_at)::timestamptz) as later
    from accounts a where a.id > sqlc.arg(after)::text collate "C" order by a.id limit sqlc.arg(n) for no key update
), due as (
    update accounts a set next_check_at = least(a.next_check_at, sqlc.arg(started_at)::timestamptz),
        claimed_until = case when a.check_failures = 0 then a.claimed_until end
    from next where a.id = next.id and next.later
    returning a.id
)
select count(*) as looked_at, (select count(*) from due) as became_due, coalesce(max(next.id), '')::text as through from next;

-- name: DeleteIdleScans :exec
-- Forgets passes that found nothing and ended before then.
delete from scans d where d.id in (
    select s.id from scans s where s.started_at < sqlc.arg(before)::timestamptz and s.finished_at < sqlc.arg(before)::timestamptz
        and s.changed = 0 and s.held_back = 0
    order by s.started_at, s.id limit sqlc.arg(n));

-- name: CountSwept :exec
-- How many accounts a pass by list pages is over.
update scans set due = due + sqlc.arg(due)::bigint where id = sqlc.arg(id);

-- name: SetDueThrough :exec
update scans set due_through = sqlc.narg(through), due = due + sqlc.arg(due)::bigint where id = sqlc.arg(id);

-- name: FinishScan :many
-- Ends a pass, once; the row is as it ended. One whose brake was released does not finish before what it held back is, and one
-- by list pages not before the list's end.
update scans s set state = sqlc.arg(state), why = coalesce(sqlc.narg(why), s.why), finished_at = sqlc.arg(at)::timestamptz
where s.id = sqlc.arg(id) and s.state = any(sqlc.arg('from')::text[])
    and (sqlc.arg(state) = 'stopped' or not s.listing and s.due_through is null
        and (not s.freed or not exists (select from accounts a where a.held_back)))
returning s.*;

-- name: StoppedBefore :one
-- Whether the pass before this one was stopped, too.
select coalesce((select s.state = 'stopped' from scans s where s.id <> sqlc.arg(id) order by s.started_at desc, s.id desc limit 1),
    false)::boolean as stopped;

-- name: FreeScan :many
-- Releases the brake of a pass that is braked.
update scans set state = 'running', freed = true, why = sqlc.arg(why)::text
where (id = sqlc.arg(id) or sqlc.arg(id) = '') and state = 'braked'
returning *;

-- name: FreeHeldBack :exec
-- Keeps what is held back now, by whichever pass, as freed for a pass that is resumed: what it holds back later is not.
insert into freed_accounts (scan_id, account_id)
select sqlc.arg(scan_id)::text, a.id from accounts a where a.held_back order by a.id
on conflict do nothing;

-- name: ReleaseFreed :execrows
-- Lets accounts be taken again that a pass held back when it was resumed. A connectd of before freed_accounts resumes without
-- keeping them, and a pass that runs holds nothing else back: one that begins to is braked.
update accounts set held_back = false, claimed_until = null
where id in (select h.id from accounts h where h.held_back and (
        exists (select from freed_accounts f where f.scan_id = sqlc.arg(scan_id) and f.account_id = h.id)
        or exists (select from scans s where s.id = sqlc.arg(scan_id) and s.freed and s.state = 'running'))
    order by h.id limit sqlc.arg(n) for no key update of h);

-- name: ReleaseHeldBack :execrows
-- Lets accounts be taken again that were held back.
update accounts set held_back = false, claimed_until = null
where id in (select h.id from accounts h where h.held_back order by h.id limit sqlc.arg(n) for no key update);

-- name: DeleteFreed :exec
-- Forgets what was freed of passes that are over.
delete from freed_accounts f where not exists (select from scans s where s.id = f.scan_id and s.state in ('running', 'braked'));

-- name: CountScanned :exec
-- What a group's observations were to their passes. A pass that had to hold an account back is braked.
update scans s set checked = s.checked + x.checked, changed = s.changed + x.changed,
    newly_unable = s.newly_unable + x.newly_unable, newly_able = s.newly_able + x.newly_able,
    disconnected = s.disconnected + x.disconnected, held_back = s.held_back + x.held_back,
    state = case when x.brakes and s.state = 'running' then 'braked' else s.state end,
    why = case when x.brakes and s.state = 'running' then 'more accounts would be unable within 24 hours than the brake allows'
        else s.why end
from json_to_recordset(sqlc.arg(scans)::json) as x(id text, checked bigint, changed bigint, newly_unable bigint,
    newly_able bigint, disconnected bigint, held_back bigint, brakes boolean)
where s.id = x.id;

-- name: InsertFindings :exec
-- The first thousand of each kind: before the pass has counted these.
insert into scan_findings (scan_id, kind, account_id, seller_id, from_status, to_status)
select x.scan_id, x.kind, x.account_id, x.seller_id, x.from_status, x.to_status
from json_to_recordset(sqlc.arg(findings)::json) as x(scan_id text, kind text, account_id text, seller_id text,
    from_status text, to_status text)
where (select case x.kind when 'changed' then s.changed else s.held_back end from scans s where s.id = x.scan_id) < 1000
order by x.scan_id, x.kind, x.account_id
on conflict do nothing;
