-- name: StripeEvents :many
select * from stripe_events where id = any(sqlc.arg(ids)::text[]) order by created, id;

-- name: DeleteEvents :one
-- Deletes the oldest events that were received before, at most n, and says how many and when the last was received: there the
-- next batch begins, past what this one has left dead in the index. What failed is never dropped: it may be read one day. One that somebody is at work on is left for another time.
with deleted as (
    delete from stripe_events where ctid = any(array(
        select e.ctid from stripe_events e
        where e.received_at >= sqlc.arg(since)::timestamptz and e.received_at < sqlc.arg(before)::timestamptz
            and e.outcome <> 'failed'
        order by e.received_at limit sqlc.arg(n)
        for update skip locked))
    returning received_at
)
select count(*) as n, coalesce(max(received_at), sqlc.arg(since)::timestamptz)::timestamptz as last from deleted;

-- name: DeleteTold :one
-- The same of what was told.
with deleted as (
    delete from told where ctid = any(array(
        select t.ctid from told t
        where t.at >= sqlc.arg(since)::timestamptz and t.at < sqlc.arg(before)::timestamptz
        order by t.at limit sqlc.arg(n)
        for update skip locked))
    returning at
)
select count(*) as n, coalesce(max(at), sqlc.arg(since)::timestamptz)::timestamptz as last from deleted;
