-- name: CreateEventEndpoint :many
-- It gets what changes from now on. None where there are as many as there may be, or one has the id.
insert into event_endpoints (id, url, types, secret, created_at, after_position)
select sqlc.arg(id), sqlc.arg(url), sqlc.arg(types)::text[], sqlc.arg(secret), sqlc.arg(at)::timestamptz, (select f.position from feed f)
where (select count(*) from event_endpoints e) < sqlc.arg(most)::bigint
on conflict (id) do nothing
returning *;

-- name: EventEndpoints :many
select * from event_endpoints order by id;

-- name: ListEventEndpoints :many
-- Newest first, from before one.
select * from event_endpoints e where e.id < sqlc.arg(before)::text order by e.id desc limit sqlc.arg(n);

-- name: EventEndpointByID :many
select * from event_endpoints where id = sqlc.arg(id);

-- name: EndpointsHealth :many
-- The endpoints, or one, newest first, with what waits to be delivered and what has failed lately, each counted so far. What was
-- never tried is among the newest; oldest is when the oldest of what waits was made, if anything does.
select sqlc.embed(e), r.n::bigint as waiting, f.n::bigint as failed, u.n::bigint as untried,
    coalesce(least(o.created_at, u.oldest), e.created_at)::timestamptz as oldest
from event_endpoints e
cross join lateral (
    select count(*) as n from (select from deliveries d where d.endpoint_id = e.id and d.trouble = 'waiting' limit sqlc.arg(most)) x
) r
cross join lateral (
    select count(*) as n from (
        select from deliveries d where d.endpoint_id = e.id and d.failed_at > sqlc.arg(failed_after)::timestamptz limit sqlc.arg(most)
    ) x
) f
cross join lateral (
    select count(*) as n, min(x.created_at) as oldest from (
        select d.state, d.trouble, d.created_at from deliveries d where d.endpoint_id = e.id order by d.id desc limit sqlc.arg(newest)
    ) x where x.state = 'pending' and x.trouble is null
) u
left join lateral (
    select d.created_at from deliveries d join (
        select min(y.id) as id from unnest(sqlc.arg(types)::text[]) t (name) cross join lateral (
            select w.id from deliveries w where w.endpoint_id = e.id and w.trouble = 'waiting' and w.type = t.name order by w.id || '' limit 1
        ) y
    ) first on first.id = d.id
) o on true
where sqlc.arg(id)::text in ('', e.id)
order by e.id desc;

-- name: DeleteEventEndpoint :many
delete from event_endpoints where id = sqlc.arg(id) returning id;

-- name: RotateEventSecret :many
-- The secret of until now signs beside the new one for a while, and with it the nine before it for theirs.
update event_endpoints set secret = sqlc.arg(secret),
    former_secrets = (array_prepend(secret, former_secrets))[1:10],
    former_until = (array_prepend(sqlc.arg(until)::timestamptz, former_until))[1:10]
where id = sqlc.arg(id) returning *;

-- name: EnableEventEndpoint :many
-- From now on: what has changed while it was off is not sent.
update event_endpoints set disabled_at = null, failures = 0, failing_since = null, failed_at = null, last_failure = null,
    after_position = case when disabled_at is null then after_position else (select f.position from feed f) end
where id = sqlc.arg(id) returning *;

-- name: ListeningEndpoints :many
-- The endpoints that are sent to. Locked, so that none is deleted before what it is to be sent is committed, and goes with it.
select id, types, after_position from event_endpoints where disabled_at is null order by id for key share;

-- name: CountEndpointResults :exec
-- What attempts came to, by endpoint: one that succeeded ends a row of failures. When it did is kept to the minute, which spares
-- the row.
update event_endpoints e set
    failures = case when x.succeeded then 0 else e.failures + x.failed end,
    failing_since = case when x.succeeded then null else coalesce(e.failing_since, x.first_at) end,
    failed_at = case when x.succeeded then null else greatest(e.failed_at, x.last_at) end,
    last_failure = case when not x.succeeded then x.failure end,
    answered_at = case when x.succeeded then greatest(e.answered_at, x.last_at) else e.answered_at end
from json_to_recordset(sqlc.arg(results)::json)
    as x(id text, succeeded boolean, failed integer, failure text, first_at timestamptz, last_at timestamptz)
where e.id = x.id
    and (not x.succeeded or e.failures > 0 or e.answered_at is null or e.answered_at < x.last_at - interval '1 minute');

-- name: SwitchOffEventEndpoints :many
-- Those whose every attempt has failed for so long, at least so many.
update event_endpoints set disabled_at = sqlc.arg(at)::timestamptz
where disabled_at is null and failures >= sqlc.arg(failures)::integer and extract(epoch from failed_at - failing_since) >= sqlc.arg(seconds)::float8
returning id, failing_since::timestamptz as failing_since;
