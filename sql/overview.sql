-- name: LockOverview :many
-- How far changes are counted. None where somebody else is counting.
select position from overview for update skip locked;

-- name: ChangesToCount :many
-- The changes after a position, in order.
select position, seller_id, at, source, before, after from account_changes
where position > sqlc.arg(after)::bigint order by position limit sqlc.arg(n);

-- name: MoveOverview :exec
update overview set position = sqlc.arg(position);

-- name: AddTurns :exec
insert into daily_turns as d (day, became_able, became_unable)
select x.day, x.became_able, x.became_unable
from json_to_recordset(sqlc.arg(turns)::json) as x(day date, became_able bigint, became_unable bigint)
on conflict (day) do update set became_able = d.became_able + excluded.became_able,
    became_unable = d.became_unable + excluded.became_unable;

-- name: AddCauses :exec
-- Of each the newest five changes are kept: those that are added are newer than those that are there.
insert into daily_causes as d (day, kind, code, disabled_reason, requirement, source, sellers, newest)
select x.day, x.kind, x.code, x.disabled_reason, x.requirement, x.source, x.sellers,
    array(select p::bigint from json_array_elements_text(x.newest) with ordinality as n(p, i) order by n.i)
from json_to_recordset(sqlc.arg(causes)::json) as x(day date, kind text, code text, disabled_reason text, requirement text,
    source text, sellers bigint, newest json)
on conflict (kind, day, code, disabled_reason, requirement, source) do update set
    sellers = d.sellers + excluded.sellers, newest = (excluded.newest || d.newest)[1:5];

-- name: BeginStarts :exec
-- Sellers who have connected for the first time.
insert into seller_starts (seller_id, connected_at, detailed_at, able_at, code, disabled_reason, requirement)
select x.seller_id, x.connected_at, x.detailed_at, x.able_at, x.code, x.disabled_reason, x.requirement
from json_to_recordset(sqlc.arg(starts)::json) as x(seller_id text, connected_at timestamptz, detailed_at timestamptz,
    able_at timestamptz, code text, disabled_reason text, requirement text)
on conflict do nothing;

-- name: GoOnWithStarts :exec
-- What became of those who could not transact yet. The array says what the join says too: without it, a plan may read all.
update seller_starts s set
    detailed_at = coalesce(s.detailed_at, x.detailed_at), able_at = x.able_at, code = x.code,
    disabled_reason = x.disabled_reason, requirement = x.requirement
from json_to_recordset(sqlc.arg(starts)::json) as x(seller_id text, detailed_at timestamptz, able_at timestamptz, code text,
    disabled_reason text, requirement text)
where s.seller_id = x.seller_id and s.able_at is null
    and s.seller_id = any(array(select e->>'seller_id' from json_array_elements(sqlc.arg(starts)::json) e));

-- name: ForgetStarts :execrows
-- Some of the starts of before.
delete from seller_starts where seller_id in (
    select f.seller_id from seller_starts f where f.connected_at < sqlc.arg(before)::timestamptz
    order by f.connected_at limit sqlc.arg(n)
);

-- name: CountStarts :one
-- How far the sellers have come whose first link was made since: one who has connected without opening it counts as one who has.
-- Who had connected before the link, or so long ago that the start is forgotten, is not at the beginning. kept is of all starts.
with linked as (
    select l.seller_id, min(l.created_at) as linked_at, min(l.first_used_at) as opened_at from onboarding_links l
    where l.seller_id = any(array(select r.seller_id from onboarding_links r where r.created_at >= sqlc.arg(since)::timestamptz))
    group by l.seller_id
    having min(l.created_at) >= sqlc.arg(since)::timestamptz
)
select count(*) as linked, count(coalesce(l.opened_at, s.connected_at)) as opened, count(s.connected_at) as connected,
    count(s.detailed_at) as detailed, count(s.able_at) as able, (select count(*) from seller_starts) as kept
from linked l join sellers k on k.id = l.seller_id left join seller_starts s on s.seller_id = l.seller_id
where case when s.seller_id is null then k.version = 0 else s.connected_at >= l.linked_at end;

-- name: TimeStarts :one
-- How long the sellers took who have arrived at each step since, in seconds, at the median and the 90th percentile.
with arrived as (
    select s.connected_at, s.able_at,
        (select min(l.created_at) from onboarding_links l where l.seller_id = s.seller_id and l.created_at <= s.connected_at) as linked_at
    from seller_starts s
    where s.connected_at >= sqlc.arg(since)::timestamptz or s.able_at >= sqlc.arg(since)::timestamptz
), took as (
    select case when connected_at >= sqlc.arg(since)::timestamptz then extract(epoch from connected_at - linked_at) end as to_connect,
        case when able_at >= sqlc.arg(since)::timestamptz then extract(epoch from able_at - connected_at) end as to_transact,
        case when able_at >= sqlc.arg(since)::timestamptz then extract(epoch from able_at - linked_at) end as in_all
    from arrived
)
select count(to_connect) as connected, count(to_transact) as able, count(in_all) as arrived,
    coalesce(percentile_cont(array[0.5, 0.9]) within group (order by to_connect), '{}')::double precision[] as to_connect,
    coalesce(percentile_cont(array[0.5, 0.9]) within group (order by to_transact), '{}')::double precision[] as to_transact,
    coalesce(percentile_cont(array[0.5, 0.9]) within group (order by in_all), '{}')::double precision[] as in_all
from took;

-- name: StoppedStarts :many
-- Where those stand, most first, who began since, have not come to the end, and have not come on since quiet_since: their first
-- link was made since or, where they have connected, that was since. Of each place the five who came to it last.
with linked as (
    select l.seller_id, min(l.created_at) as linked_at, min(l.first_used_at) as opened_at from onboarding_links l
    where l.seller_id = any(array(select r.seller_id from onboarding_links r where r.created_at >= sqlc.arg(since)::timestamptz))
    group by l.seller_id
    having min(l.created_at) >= sqlc.arg(since)::timestamptz
), standing as (
    select l.seller_id, case when l.opened_at is null then 'linked' else 'opened' end as step,
        '' as code, '' as disabled_reason, '' as requirement, coalesce(l.opened_at, l.linked_at) as at
    from linked l join sellers k on k.id = l.seller_id
    where k.version = 0
    union all
    select s.seller_id, case when s.detailed_at is null then 'connected' else 'detailed' end,
        s.code, s.disabled_reason, s.requirement, coalesce(s.detailed_at, s.connected_at)
    from seller_starts s
    where s.able_at is null and s.connected_at >= sqlc.arg(since)::timestamptz
)
select step::text, code::text, disabled_reason::text, requirement::text, count(*) as sellers,
    ((array_agg(seller_id order by at desc, seller_id))[1:5])::text[] as newest
from standing where at < sqlc.arg(quiet_since)::timestamptz
group by step, code, disabled_reason, requirement
order by count(*) desc, step, code, disabled_reason, requirement
limit sqlc.arg(n);

-- name: ClaimStarts :execrows
-- Whether sellers' starts are to be looked at now. Who is told so is alone until the time to which they are put off.
update overview set starts_due_at = sqlc.arg(until)::timestamptz where starts_due_at <= sqlc.arg(at)::timestamptz;

-- name: SetStarts :exec
update overview set starts = sqlc.arg(starts), starts_at = sqlc.arg(at)::timestamptz, starts_due_at = sqlc.arg(due_at)::timestamptz;

-- name: ReadOverview :one
-- What is counted by now; latest is where the history has come to, and uncounted how many changes are left, counted so far.
select o.position, o.starts, o.starts_at, coalesce((select max(c.position) from account_changes c), 0)::bigint as latest, (
        select count(*) from (select from account_changes c where c.position > o.position limit sqlc.arg(most)) x
    )::bigint as uncounted
from overview o;

-- name: AbleBefore :one
-- How many sellers could transact when a day began.
select coalesce(sum(became_able - became_unable), 0)::bigint as able from daily_turns where day < sqlc.arg(day)::date;

-- name: TurnsSince :many
select day, became_able, became_unable from daily_turns where day >= sqlc.arg(since)::date order by day;

-- name: CausesOf :many
-- The causes of some days, those of most sellers first, with the newest five changes of each; causes is how many there are in all.
with caused as (
    select d.code, d.disabled_reason, d.requirement, d.source, sum(d.sellers)::bigint as sellers,
        coalesce(sum(d.sellers) filter (where d.day = sqlc.arg(today)::date), 0)::bigint as today, count(*) over () as causes
    from daily_causes d where d.kind = sqlc.arg(kind)::text and d.day = any(sqlc.arg(days)::date[])
    group by d.code, d.disabled_reason, d.requirement, d.source
)
select c.code, c.disabled_reason, c.requirement, c.source, c.sellers, c.today, c.causes, array(
    select p from daily_causes n cross join unnest(n.newest) p
    where n.kind = sqlc.arg(kind)::text and n.day = any(sqlc.arg(days)::date[]) and n.code = c.code
        and n.disabled_reason = c.disabled_reason and n.requirement = c.requirement and n.source = c.source
    order by p desc limit 5
)::bigint[] as newest
from (
    select * from caused
    order by sellers desc, code collate "C", disabled_reason collate "C", requirement collate "C", source collate "C" limit sqlc.arg(n)
) c
order by c.sellers desc, c.code collate "C", c.disabled_reason collate "C", c.requirement collate "C", c.source collate "C";

-- name: SellersOfChanges :many
-- The seller of each of these changes, with the account and its status now; none where another seller holds that.
select c.position, c.seller_id, c.account_id, c.at, coalesce(a.status, '')::text as status
from account_changes c left join accounts a on a.id = c.account_id and a.seller_id = c.seller_id
where c.position = any(sqlc.arg(positions)::bigint[]);

-- name: AccountsOfSellers :many
select id, coalesce(account_id, '')::text as account_id from sellers where id = any(sqlc.arg(ids)::text[]);
