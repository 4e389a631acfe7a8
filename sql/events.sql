-- name: StripeEvents :many
select * from stripe_events where id = any(sqlc.arg(ids)::text[]) order by created, id;

-- name: DeleteEvents :one
-- Looks at the oldest n events that were received between, with all of the last one's moment, deletes those that have not
-- failed, and says how many it looked at and when the last was received: the next batch begins after that, past what this one
-- has left dead in the index, or as it was. One that somebody is at work on is left for another time.
with looked as (
    select e.received_at from stripe_events e
    where e.received_at > sqlc.arg(after)::timestamptz and e.received_at < sqlc.arg(before)::timestamptz
    order by e.received_at fetch first (sqlc.arg(n)::bigint) rows with ties
), batch as materialized (
    select count(*) as n, max(received_at) as last from looked
), deleted as (
    delete from stripe_events where ctid = any(array(
        select e.ctid from stripe_events e
        where e.received_at > sqlc.arg(after)::timestamptz and e.received_at <= (select b.last from batch b) and e.outcome <> 'failed'
        for update skip locked))
)
select n, coalesce(last, sqlc.arg(after)::timestamptz)::timestamptz as last from batch;

-- name: DeleteTold :one
-- The same of what was told, all of it.
with looked as (
    select t.at from told t
    where t.at > sqlc.arg(after)::timestamptz and t.at < sqlc.arg(before)::timestamptz
    order by t.at fetch first (sqlc.arg(n)::bigint) rows with ties
), batch as materialized (
    select count(*) as n, max(at) as last from looked
), deleted as (
    delete from told where ctid = any(array(
        select t.ctid from told t
        where t.at > sqlc.arg(after)::timestamptz and t.at <= (select b.last from batch b)
        for update skip locked))
)
select n, coalesce(last, sqlc.arg(after)::timestamptz)::timestamptz as last from batch;

-- name: CountFailedEvents :one
-- How many events failed, as far as n.
select count(*) from (select from stripe_events f where f.outcome = 'failed' order by f.created, f.id limit sqlc.arg(n)) failed;

-- name: ChangesByEvent :many
-- What an event changed, the newest first, among the latest n changes of its account.
select c.* from account_changes c where c.position = any(array(
    select latest.position from (
        select w.position, w.event_id from account_changes w where w.account_id = sqlc.arg(account_id)::text
        order by w.position desc limit sqlc.arg(n)
    ) latest where latest.event_id = sqlc.arg(event_id)::text))
order by c.position desc;
