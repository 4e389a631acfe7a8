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
    tries = x.tries, state = x.state, next_attempt_at = x.next_attempt_at,
    trouble = case x.state when 'pending' then 'waiting' when 'failed' then 'failed' end,
    failed_at = case when x.state = 'failed' then x.at end
from json_to_recordset(sqlc.arg(attempts)::json) as x(id text, round integer, tries integer, state text, next_attempt_at timestamptz, attempt jsonb, at timestamptz)
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

-- name: DeliveriesInTrouble :many
-- The newest from before one that wait for another attempt, or have failed, of these endpoints and types. Each pair is a range of
-- the index. Its last part is id || '', since a planner that expects many of a pair would walk the primary key for one that there is
-- none of. At most 100.
select r.id from unnest(sqlc.arg(endpoints)::text[]) e (id) cross join unnest(sqlc.arg(types)::text[]) t (name) cross join lateral (
    select d.id from deliveries d
    where d.endpoint_id = e.id and d.trouble = sqlc.arg(trouble)::text and d.type = t.name and d.id || '' < sqlc.arg(before)::text
    order by d.id || '' desc limit 101
) r
order by r.id desc limit sqlc.arg(n);

-- name: DeliveriesToBeMade :many
-- Of these endpoints' newest from before one, so many of each, those that are still to be made.
select r.id from unnest(sqlc.arg(endpoints)::text[]) e (id) cross join lateral (
    select d.id, d.state, d.type from deliveries d
    where d.endpoint_id = e.id and d.id < sqlc.arg(before)::text order by d.id desc limit sqlc.arg(newest)
) r
where r.state = 'pending' and (sqlc.arg(type)::text = '' or r.type = sqlc.arg(type))
order by r.id desc limit sqlc.arg(n);

-- name: WalkDeliveries :many
-- The next ids from before one, whatever became of them, with whether each is one of those asked for.
select w.id, ((sqlc.arg(state)::text = '' or w.state = sqlc.arg(state)) and (sqlc.arg(type)::text = '' or w.type = sqlc.arg(type)))::boolean as fits
from (select d.id, d.state, d.type from deliveries d where d.id < sqlc.arg(before)::text order by d.id desc limit sqlc.arg(n)) w
order by w.id desc;

-- name: WalkDeliveriesTo :many
-- The same of those to one endpoint.
select w.id, ((sqlc.arg(state)::text = '' or w.state = sqlc.arg(state)) and (sqlc.arg(type)::text = '' or w.type = sqlc.arg(type)))::boolean as fits
from (
    select d.id, d.state, d.type from deliveries d
    where d.endpoint_id = sqlc.arg(endpoint_id) and d.id < sqlc.arg(before)::text order by d.id desc limit sqlc.arg(n)
) w
order by w.id desc;

-- name: WalkDeliveriesAbout :many
-- The same of those about one account.
select w.id, ((sqlc.arg(state)::text = '' or w.state = sqlc.arg(state)) and (sqlc.arg(type)::text = '' or w.type = sqlc.arg(type))
    and (sqlc.arg(endpoint_id)::text = '' or w.endpoint_id = sqlc.arg(endpoint_id)))::boolean as fits
from (
    select d.id, d.state, d.type, d.endpoint_id from deliveries d
    where d.account_id = sqlc.arg(account_id)::text and d.id < sqlc.arg(before)::text order by d.id desc limit sqlc.arg(n)
) w
order by w.id desc;

-- name: DeliveriesOfEvent :many
-- All of an event: one an endpoint.
select d.id from deliveries d
where d.event_id = sqlc.arg(event_id) and d.id < sqlc.arg(before)::text
    and (sqlc.arg(state)::text = '' or d.state = sqlc.arg(state)) and (sqlc.arg(type)::text = '' or d.type = sqlc.arg(type))
    and (sqlc.arg(endpoint_id)::text = '' or d.endpoint_id = sqlc.arg(endpoint_id))
    and (sqlc.arg(account_id)::text = '' or d.account_id = sqlc.arg(account_id))
order by d.id desc limit sqlc.arg(n);

-- name: DeliveriesByID :many
-- These, newest first, each with its endpoint, which is null where it was deleted, and the seller whom its event tells of.
select d.id, d.endpoint_id, d.event_id, d.type, d.account_id, d.state, d.attempts, d.next_attempt_at, d.created_at, d.round, d.tries,
    coalesce(d.body::jsonb->'data'->>'seller_id', '')::text as seller_id, e.url, e.disabled_at
from deliveries d left join event_endpoints e on e.id = d.endpoint_id
where d.id = any(sqlc.arg(ids)::text[]) order by d.id desc;

-- name: BodyOfDelivery :one
select body from deliveries where id = sqlc.arg(id);

-- name: RestartDelivery :one
-- A new round; the job of the one before ends by itself.
update deliveries set state = 'pending', round = round + 1, tries = 0, next_attempt_at = sqlc.arg(at)::timestamptz,
    trouble = 'waiting', failed_at = null
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
