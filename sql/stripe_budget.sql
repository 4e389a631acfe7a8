-- name: UseStripeBudget :one
-- Charges calls that have left, slows down (halve: the rate by half, at most once a second) or pauses, and takes a lot of
-- the scan's calls: as many as lot seconds permit, at least one, and none where lot is 0. The first leaves ahead seconds
-- after at, each other spacing seconds after the one before it. at is the latest clock among the replicas', so that one
-- whose clock is behind does not get moments a second time, a row more than 10 s ahead is of a clock that was set back, and
-- what it held goes on from now. A slack, in seconds, is how far all calls, or those of the operation, may run ahead before
-- the scan yields. Each 10 s of calm double a rate that was halved.
with locked as (
    select *, case when at between sqlc.arg(now)::timestamptz and sqlc.arg(now)::timestamptz + interval '10 s' then at
        else sqlc.arg(now)::timestamptz end as t
    from stripe_budget for update
), clock as (
    select *, greatest(extract(epoch from t - at)::float8, 0) as elapsed from locked
), past as (
    select t, greatest(pause - elapsed, sqlc.arg(pause)::float8, 0) as pause,
        greatest(scan_ahead - elapsed, 0) as scan_ahead,
        greatest(all_ahead - elapsed, 0) + sqlc.arg(calls)::bigint / sqlc.arg(all_rate)::float8 as all_ahead,
        greatest(operation_ahead - elapsed, 0) + sqlc.arg(operation_calls)::bigint / sqlc.arg(operation_rate)::float8 as operation_ahead,
        factor, calm + elapsed as calm, least(1, factor * 2 ^ least(floor((calm + elapsed) / 10), 10)) as recovered
    from clock
), slowed as (
    select t, pause, scan_ahead, all_ahead, operation_ahead,
        case when halves then greatest(recovered / 2, 1.0 / 16) else factor end as factor,
        case when halves then 0 else calm end as calm,
        case when halves then greatest(recovered / 2, 1.0 / 16) else recovered end * sqlc.arg(rate)::float8 as rate
    from (select *, sqlc.arg(halve)::boolean and (calm >= 1 or factor = 1) as halves from past) as p
), lot as (
    select *, greatest(scan_ahead, pause, all_ahead - sqlc.arg(all_slack)::float8, operation_ahead - sqlc.arg(operation_slack)::float8) as ahead,
        case when sqlc.arg(lot)::float8 > 0 then greatest(round(rate * sqlc.arg(lot)::float8), 1) else 0 end as n
    from slowed
), read as (
    insert into stripe_reads (day, n)
    select (sqlc.arg(now)::timestamptz at time zone 'UTC')::date, sqlc.arg(reads)::bigint from locked where sqlc.arg(reads)::bigint > 0
    on conflict (day) do update set n = stripe_reads.n + excluded.n
)
update stripe_budget b
set at = l.t,
    scan_ahead = case when l.n > 0 then l.ahead + l.n / l.rate else l.scan_ahead end,
    all_ahead = l.all_ahead + l.n / sqlc.arg(all_rate)::float8,
    operation_ahead = l.operation_ahead + l.n / sqlc.arg(operation_rate)::float8,
    pause = l.pause, factor = l.factor, calm = l.calm
from lot l
returning l.t::timestamptz as at, l.ahead::float8 as ahead, l.n::int as n, (1 / l.rate)::float8 as spacing;

-- name: StripeReads :one
-- How many reads were made of Stripe's API on the days after the given one.
select coalesce(sum(n), 0)::bigint from stripe_reads where day > (sqlc.arg(after)::timestamptz at time zone 'UTC')::date;

-- name: ForgetStripeReads :exec
delete from stripe_reads where day < (sqlc.arg(before)::timestamptz at time zone 'UTC')::date;
