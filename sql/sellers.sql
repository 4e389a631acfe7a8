-- name: EnsureSeller :exec
-- The seller, with the e-mail address where one is given. Nothing that is published of a seller is touched.
insert into sellers (id, email, created_at) values (sqlc.arg(id), sqlc.narg(email), sqlc.arg(created_at))
on conflict (id) do update set email = excluded.email where excluded.email is not null;

-- name: ReadinessNow :many
-- What was last published of these sellers, as of one position of the feed and one policy: a statement sees the commits up to
-- one moment, all of each. There is one row at least, without a seller where none of them is known.
select f.epoch, f.position, (select coalesce(max(p.version), 0) from policies p)::integer as policy_version,
    coalesce(s.id, '')::text as id, s.readiness, coalesce(s.version, 0)::bigint as version
from feed f left join sellers s on s.id = any(sqlc.arg(ids)::text[]) and s.readiness is not null;

-- name: SellersEverConnected :many
-- Which of these sellers were ever connected.
select id from sellers where id = any(sqlc.arg(ids)::text[]) and version > 0 order by id;

-- name: Snapshot :many
-- What was last published of those who were ever connected, in the order of ids, from after one on; stale is for those last
-- checked before a moment.
select s.id, s.version, s.readiness,
    coalesce((s.readiness->>'checked_at')::timestamptz < sqlc.arg(stale_before)::timestamptz, false)::boolean as stale
from sellers s where s.version > 0 and s.readiness is not null and s.id > sqlc.arg(after) order by s.id limit sqlc.arg(n);

-- name: ReadinessAt :many
-- The last change of the seller that was published by a moment, with the times of the last check since that was made by
-- then, and the policy that was in force. It goes by positions, since the clocks of two processes may differ: what was
-- published by then was so after everything before it. No rows before the first change.
select c.position, c.at, c.source, c.event_id, c.request_id, c.policy_version, c.after as readiness,
    (k.position is not null)::boolean as confirmed, k.as_of, k.checked_at, p.policy
from (
    select * from account_changes
    where seller_id = sqlc.arg(seller_id)::text and at <= sqlc.arg(moment)::timestamptz order by position desc limit 1
) c
left join lateral (
    select * from account_checks
    where seller_id = sqlc.arg(seller_id)::text and at <= sqlc.arg(moment)::timestamptz and position > c.position
    order by position desc limit 1
) k on true
left join lateral (
    select policy from policies where created_at <= sqlc.arg(moment)::timestamptz order by version desc limit 1
) p on true;

-- name: PublishedAfter :many
-- What was last published of those who were ever connected, in the order of ids, from after one on.
select id, readiness, version from sellers
where version > 0 and readiness is not null and id > sqlc.arg(after) order by id limit sqlc.arg(n);
