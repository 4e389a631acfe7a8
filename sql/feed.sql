-- name: FeedPosition :one
select epoch, position from feed;

-- name: FeedAndPolicy :one
-- Where the feed is, and which policy is in force.
select f.epoch, f.position, (select coalesce(max(p.version), 0) from policies p)::integer as policy_version from feed f;

-- name: FeedEntries :many
-- What follows a position, in order, with the readiness of its version: a change's own, or the one that a check confirms.
select e.position, e.kind, e.at, e.seller_id, e.source, e.version, e.as_of, e.checked_at, c.after as readiness
from feed_entries e join account_changes c on c.position = e.version
where e.position > sqlc.arg(after)::bigint order by e.position limit sqlc.arg(n);

-- name: OldestFeedEntry :one
-- The position of the oldest entry that is kept, 0 where none is.
select coalesce(min(position), 0)::bigint as position from feed_entries;

-- name: RaiseEpoch :one
-- By the clock, in microseconds, so that two restores of one backup do not come to the same epoch.
update feed set epoch = greatest(epoch + 1, (extract(epoch from sqlc.arg(at)::timestamptz) * 1000000)::bigint)
returning epoch, position;

-- name: DeleteFeedEntries :one
-- Deletes the oldest entries, up to the first that is not from before, at most n, and says how many and which was the last:
-- there the next batch begins, past what this one has left dead in the index. What stays is dense, whatever the clocks of
-- those who wrote it.
with oldest as (
    select e.position, e.at from feed_entries e where e.position > sqlc.arg(since)::bigint order by e.position limit sqlc.arg(n)
), kept as (
    select min(o.position) as first from oldest o where o.at >= sqlc.arg(before)::timestamptz
), deleted as (
    delete from feed_entries where position = any(array(
        select o.position from oldest o, kept k where k.first is null or o.position < k.first))
    returning position
)
select count(*) as n, coalesce(max(position), sqlc.arg(since)::bigint)::bigint as last from deleted;
