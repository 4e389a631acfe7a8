-- name: BeginListing :exec
-- Begins a walk, unless it has begun.
insert into listings (id, kind, sellers_from, started_at, copied_through)
values (sqlc.arg(id), sqlc.arg(kind), sqlc.narg(sellers_from), sqlc.arg(at), sqlc.narg(copied_through))
on conflict do nothing;

-- name: BeginSweep :exec
-- Begins the walk of a pass that has not come to the list's end, unless it has begun.
insert into listings (id, kind, started_at, copied_through)
select s.id, 'sweep', s.started_at, '' from scans s where s.id = sqlc.arg(id) and s.listing for share
on conflict do nothing;

-- name: UnfinishedListing :many
-- The last walk of a kind that nobody has ended.
select * from listings where kind = sqlc.arg(kind) order by started_at desc, id limit 1;

-- name: ListingByID :many
select * from listings where id = sqlc.arg(id);

-- name: LockListing :many
select * from listings where id = sqlc.arg(id) for update;

-- name: CopyRevisions :one
-- Copies the revisions of the next connected accounts, in the order of ids, and says how many it looked at, how many it copied,
-- and up to which.
with next as (
    select a.id, a.revision, a.disconnected_at is null as connected
    from accounts a where a.id > sqlc.arg(after)::text collate "C" order by a.id limit sqlc.arg(n)
), copied as (
    insert into unlisted_accounts (listing_id, account_id, revision)
    select sqlc.arg(listing_id)::text, next.id, next.revision from next where next.connected
    returning account_id
)
select count(*) as looked_at, (select count(*) from copied) as copied, coalesce(max(next.id), '')::text as through from next;

-- name: SetCopiedThrough :exec
update listings set copied_through = sqlc.narg(through) where id = sqlc.arg(id);

-- name: TakeListing :many
-- The walk, for whoever has it or finds nobody at it, until then.
update listings set holder = sqlc.arg(holder)::text, held_until = sqlc.arg(until)::timestamptz
where id = sqlc.arg(id) and (holder = sqlc.arg(holder)::text or held_until <= sqlc.arg(at)::timestamptz)
returning *;

-- name: UnlistedRevisions :many
-- The revisions of those of a page that the list had not named before.
select account_id, revision from unlisted_accounts where listing_id = sqlc.arg(listing_id) and account_id = any(sqlc.arg(ids)::text[]);

-- name: DeleteListed :exec
delete from unlisted_accounts where listing_id = sqlc.arg(listing_id) and account_id = any(sqlc.arg(ids)::text[]);

-- name: AdvanceListing :execrows
-- Moves the walk to the end of a page, of whoever has it, until then.
update listings set trail = sqlc.arg(trail)::text[], held_until = sqlc.arg(until)::timestamptz, calls = calls + sqlc.arg(calls)::bigint,
    listed = listed + cardinality(sqlc.arg(trail)::text[]), imported = imported + sqlc.arg(imported)::bigint,
    known = known + sqlc.arg(known)::bigint, unreadable = unreadable + sqlc.arg(unreadable)::bigint
where id = sqlc.arg(id) and holder = sqlc.arg(holder)::text;

-- name: LockPassOfListing :exec
-- Locks the pass of a sweep before its walk is ended: BeginSweep locks them in this order.
select from scans where id = sqlc.arg(id) for no key update;

-- name: LeaveListing :exec
-- Lets somebody else go on with a walk at once.
update listings set held_until = 'epoch' where id = sqlc.arg(id) and holder = sqlc.arg(holder)::text;

-- name: EndListing :execrows
-- Ends a walk, of whoever has it.
delete from listings where id = sqlc.arg(id) and holder = sqlc.arg(holder)::text;

-- name: EndSweep :exec
-- The list has named what it names: whatever was not checked is made due next.
update scans set listing = false, due_through = '' where id = sqlc.arg(id);

-- name: DropSweeps :exec
-- Forgets the walks of passes that are over, which were stopped.
delete from listings l where l.kind = 'sweep'
    and not exists (select from scans s where s.id = l.id and s.state in ('running', 'braked'));

-- name: DropListings :exec
-- Forgets the walks of a kind.
delete from listings where kind = sqlc.arg(kind);

-- name: Holders :many
-- Those of the accounts that are known here, with who holds, or held, them.
select id, seller_id, disconnected_at from accounts where id = any(sqlc.arg(ids)::text[]);

-- name: UnlistedAccounts :many
-- The next accounts that a walk has not named, as they are now, in the order of ids.
select a.id, a.seller_id, a.disconnected_at, a.held_back, a.checked_at, a.last_check_error
from unlisted_accounts u join accounts a on a.id = u.account_id
where u.listing_id = sqlc.arg(listing_id) and u.account_id > sqlc.arg(after)::text collate "C"
order by u.account_id limit sqlc.arg(n);

-- name: WishUnlisted :execrows
-- Makes the accounts due at once that a walk has not named, locking them in the order of ids.
with unlisted as (
    select a.id from unlisted_accounts u join accounts a on a.id = u.account_id
    where u.listing_id = sqlc.arg(listing_id) and a.disconnected_at is null
    order by a.id for no key update of a
)
update accounts a set revision = a.revision + 1, next_check_at = least(a.next_check_at, sqlc.arg(at)::timestamptz),
    claimed_until = greatest(a.claimed_until, sqlc.arg(at)::timestamptz)
from unlisted u where a.id = u.id;

-- name: RefusedOf :many
-- Those of these accounts that a walk could not take.
select distinct account_id from listing_refusals where listing_id = sqlc.arg(listing_id) and account_id = any(sqlc.arg(ids)::text[]);

-- name: Refuse :exec
insert into listing_refusals (listing_id, account_id, seller_id, why)
select sqlc.arg(listing_id)::text, x.account_id, x.seller_id, x.why
from json_to_recordset(sqlc.arg(refusals)::json) as x(account_id text, seller_id text, why text)
order by x.account_id, x.seller_id
on conflict (listing_id, account_id, seller_id) do update set why = excluded.why;

-- name: Refusals :many
-- What a walk could not take, in the order of ids, from after one on.
select account_id, seller_id, why from listing_refusals
where listing_id = sqlc.arg(listing_id)
    and (account_id, seller_id) > (sqlc.arg(after_account)::text collate "C", sqlc.arg(after_seller)::text collate "C")
order by account_id, seller_id limit sqlc.arg(n);

-- name: AwaitEventWriters :exec
-- Waits for those who apply events, and lets nobody begin to until the commit. The table's own lock would wait for a vacuum too.
select pg_advisory_xact_lock(hashtext('connectd events'));

-- name: WaitAtMost :exec
-- For a lock, for this transaction alone.
select set_config('lock_timeout', sqlc.arg(lock_timeout)::text, true);

-- name: WishIgnored :execrows
-- Makes accounts due of which events came since that were ignored, since the accounts were not known yet, and that are not older
-- than the connections, locking them in the order of ids.
with missed as (
    select e.account, max(e.created) as created from stripe_events e
    where e.received_at >= sqlc.arg(since)::timestamptz and e.outcome = 'ignored' and e.why = sqlc.arg(why)::text and e.account is not null
    group by e.account
), wished as (
    select w.id from missed join accounts w on w.id = missed.account
    where w.disconnected_at is null and missed.created >= w.granted_from
    order by w.id for no key update of w
)
update accounts a set revision = a.revision + 1, next_check_at = least(a.next_check_at, sqlc.arg(at)::timestamptz),
    claimed_until = greatest(a.claimed_until, sqlc.arg(at)::timestamptz)
from wished where a.id = wished.id;
