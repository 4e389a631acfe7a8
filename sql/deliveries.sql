-- name: InsertDeliveries :exec
insert into deliveries (id, endpoint_id, event_id, type, account_id, body, state, next_attempt_at, created_at)
select x.id, x.endpoint_id, x.event_id, x.type, x.account_id, x.body, 'pending', sqlc.arg(at)::timestamptz, sqlc.arg(at)::timestamptz
from json_to_recordset(sqlc.arg(deliveries)::json) as x(id text, endpoint_id text, event_id text, type text, account_id text, body text);

-- name: DeliveriesToSend :many
-- What is to be sent where, of those that are still to be. An endpoint that was deleted is null.
select d.id, d.event_id, d.body, d.round, d.tries, d.endpoint_id, e.url, e.secret, e.former_secrets, e.former_until, e.disabled_at
from deliveries d left join event_endpoints e on e.id = d.endpoint_id
where d.id = any(sqlc.arg(ids)::text[]) and d.state = 'pending';

-- name: RecordAttempts :exec
-- Each attempt once: that of a round which is over, or which was recorded, changes nothing. attempt is null where none was made.
update deliveries d set
    attempts = case when x.attempt is null then d.attempts else d.attempts || x.attempt end,
    tries = x.tries, state = x.state, next_attempt_at = x.next_attempt_at
from json_to_recordset(sqlc.arg(attempts)::json) as x(id text, round integer, tries integer, state text, next_attempt_at timestamptz, attempt jsonb)
where d.id = x.id and d.round = x.round and d.state = 'pending';

-- name: ListDeliveries :many
-- An endpoint's, newest first, from before one.
select id, event_id, type, state, attempts, next_attempt_at from deliveries d
where d.endpoint_id = sqlc.arg(endpoint_id) and d.id < sqlc.arg(before)::text order by d.id desc limit sqlc.arg(n);

-- name: DeliveryByID :many
-- With whether its endpoint is switched off; one whose endpoint was deleted is none.
select d.id, d.endpoint_id, d.event_id, d.type, d.state, d.attempts, d.next_attempt_at, d.round, e.disabled_at
from deliveries d join event_endpoints e on e.id = d.endpoint_id
where d.id = sqlc.arg(id) for update of d;

-- name: RestartDelivery :one
-- A new round; the job of the one before ends by itself.
update deliveries set state = 'pending', round = round + 1, tries = 0, next_attempt_at = sqlc.arg(at)::timestamptz
where id = sqlc.arg(id) returning round;

-- name: DeleteDeliveries :one
-- The same as DeleteTold of deliveries.
with looked as (
    select d.created_at from deliveries d
    where d.created_at > sqlc.arg(after)::timestamptz and d.created_at < sqlc.arg(before)::timestamptz
    order by d.created_at fetch first (sqlc.arg(n)::bigint) rows with ties
), batch as materialized (
    select count(*) as n, max(created_at) as last from looked
), deleted as (
    delete from deliveries where ctid = any(array(
        select d.ctid from deliveries d
        where d.created_at > sqlc.arg(after)::timestamptz and d.created_at <= (select b.last from batch b)
        for update skip locked))
)
select n, coalesce(last, sqlc.arg(after)::timestamptz)::timestamptz as last from batch;

-- name: DeliveriesOfSeller :many
-- What was sent, or is still to be, of a seller and of the accounts that the seller held last, in the order of ids, from after one on.
select d.id, d.body from deliveries d
where d.account_id = any(array(select c.account_id from connections c where c.seller_id = sqlc.arg(seller_id)))
    and (d.account_id = any(sqlc.arg(account_ids)::text[]) or d.body::jsonb->'data'->>'seller_id' = sqlc.arg(seller_id)::text)
    and d.id > sqlc.arg(after)::text
order by d.id limit sqlc.arg(n);

-- name: ReplaceBody :exec
update deliveries set body = sqlc.arg(body) where id = sqlc.arg(id);
