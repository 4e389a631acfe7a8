-- name: CreateEventEndpoint :many
-- It gets what changes from now on. None where there are as many as there may be.
insert into event_endpoints (id, url, types, secret, created_at, after_position)
select sqlc.arg(id), sqlc.arg(url), sqlc.arg(types)::text[], sqlc.arg(secret), sqlc.arg(at)::timestamptz, (select f.position from feed f)
where (select count(*) from event_endpoints e) < sqlc.arg(most)::bigint
returning *;

-- name: EventEndpoints :many
select * from event_endpoints order by id;

-- name: ListEventEndpoints :many
-- Newest first, from before one.
select * from event_endpoints e where e.id < sqlc.arg(before)::text order by e.id desc limit sqlc.arg(n);

-- name: EventEndpointByID :many
select * from event_endpoints where id = sqlc.arg(id);

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
update event_endpoints set disabled_at = null, failures = 0, failing_since = null, failed_at = null,
    after_position = case when disabled_at is null then after_position else (select f.position from feed f) end
where id = sqlc.arg(id) returning *;

-- name: ListeningEndpoints :many
-- The endpoints that are sent to. Locked, so that none is deleted before what it is to be sent is committed, and goes with it.
select id, types, after_position from event_endpoints where disabled_at is null order by id for key share;

-- name: CountEndpointResults :exec
-- What attempts came to, by endpoint: one that succeeded ends a row of failures.
update event_endpoints e set
    failures = case when x.succeeded then 0 else e.failures + x.failed end,
    failing_since = case when x.succeeded then null else coalesce(e.failing_since, x.first_at) end,
    failed_at = case when x.succeeded then null else greatest(e.failed_at, x.last_at) end
from json_to_recordset(sqlc.arg(results)::json) as x(id text, succeeded boolean, failed integer, first_at timestamptz, last_at timestamptz)
where e.id = x.id and (not x.succeeded or e.failures > 0);

-- name: SwitchOffEventEndpoints :many
-- Those whose every attempt has failed for so long, at least so many.
update event_endpoints set disabled_at = sqlc.arg(at)::timestamptz
where disabled_at is null and failures >= sqlc.arg(failures)::integer and extract(epoch from failed_at - failing_since) >= sqlc.arg(seconds)::float8
returning id, failing_since::timestamptz as failing_since;
