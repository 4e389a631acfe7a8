-- name: LastChange :one
-- The position of the last change of all, 0 before the first: one look into the primary key.
select coalesce(max(position), 0)::bigint as position from account_changes;

-- name: StatusCounts :many
-- How many accounts have each status, as counted.
select status, accounts from status_counts where accounts > 0;

-- name: MoveStatusCounts :exec
-- How many accounts more, or fewer, have each status. The feed is locked, or nothing else is: the rows are locked in their order.
insert into status_counts as c (status, accounts)
select x.status, x.accounts from json_to_recordset(sqlc.arg(moved)::json) as x(status text, accounts bigint) order by x.status
on conflict (status) do update set accounts = c.accounts + excluded.accounts;

-- name: LockRecount :exec
-- One recounts at a time.
select pg_advisory_xact_lock(hashtext('connectd status_counts'));

-- name: MiscountedStatuses :many
-- By how much the counts are wrong. One statement sees the counts and the accounts of one moment, and a difference is true
-- also after what moves them next.
select coalesce(a.status, c.status)::text as status, (coalesce(a.accounts, 0) - coalesce(c.accounts, 0))::bigint as accounts
from (select status, count(*) as accounts from accounts group by status) a full join status_counts c on c.status = a.status
where coalesce(a.accounts, 0) <> coalesce(c.accounts, 0);

-- name: AtRiskByDay :many
-- How many accounts may lose the ability to transact on each day (UTC) before a moment, what is over being of the day that it is
-- now; of the first n.
select date_bin('1 day', greatest(r.at_risk_at, sqlc.arg(at)::timestamptz), '2001-01-01 00:00:00+00')::timestamptz as day, count(*) as accounts
from (
    select a.at_risk_at from accounts a where a.at_risk_at < sqlc.arg(before)::timestamptz
    order by a.at_risk_at limit sqlc.arg(n)
) r
group by 1 order by 1;

-- name: AccountsMailed :many
-- The accounts whose sellers have exactly this e-mail address, in either case: it is found among the words that the index has.
-- The one that a seller holds comes before former ones.
select a.id, a.seller_id from account_words w join accounts a on a.id = w.account_id join sellers s on s.id = a.seller_id
where w.words like lower(sqlc.arg(words)::text) and lower(s.email) = lower(sqlc.arg(email)::text)
order by (a.disconnected_at is null) desc, a.connected_at desc, a.id limit 100;
