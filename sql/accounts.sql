-- name: AccountByID :one
-- The account, and the feed's place as of which it is that.
select sqlc.embed(a), (select f.epoch from feed f)::bigint as epoch, (select f.position from feed f)::bigint as position
from accounts a where a.id = sqlc.arg(id);

-- name: HeldAccount :one
-- The account that the seller is connected with, and the feed's place as of which it is that.
select sqlc.embed(a), (select f.epoch from feed f)::bigint as epoch, (select f.position from feed f)::bigint as position
from accounts a join connections c on c.account_id = a.id
where c.seller_id = sqlc.arg(seller_id) and c.disconnected_at is null;

-- name: ClaimDueAccounts :many
-- Takes accounts that are due, those due longest first, and holds them back from others until the claim ends: a claim
-- that is not answered returns by itself. Nobody waits for anybody's lock.
with due as (
    select d.id from accounts d
    where d.next_check_at is not null and not d.held_back
        and greatest(d.next_check_at, d.claimed_until) <= sqlc.arg(at)::timestamptz
    order by greatest(d.next_check_at, d.claimed_until)
    limit sqlc.arg(batch)
    for no key update skip locked
)
update accounts a set claimed_until = sqlc.arg(until)::timestamptz from due where a.id = due.id
returning a.id, a.revision, a.check_failures, a.next_check_at;

-- name: Unclaim :exec
-- Gives claims back that were not used, unless somebody has taken them since.
update accounts set claimed_until = null
where id = any(sqlc.arg(ids)::text[]) and claimed_until = sqlc.arg(ends)::timestamptz;

-- name: NextClaimEnd :one
-- When the next claim, or wait after a failure, ends, of those that nobody has taken up.
select claimed_until::timestamptz as at from accounts where claimed_until is not null and not held_back
order by claimed_until limit 1;

-- name: Recall :execrows
-- Pulls forward what no right clock has put off as far: to as long after the last check as is right, or to now where that
-- check is ahead, too. Whoever is at a row has its next word.
with far as (
    select d.id from accounts d where d.next_check_at > sqlc.arg(latest_check)::timestamptz and not d.held_back
        and greatest(d.next_check_at, d.claimed_until) > sqlc.arg(latest_check)::timestamptz
    order by greatest(d.next_check_at, d.claimed_until) desc limit sqlc.arg(n) for no key update skip locked
), held as (
    select c.id from accounts c where c.claimed_until is not null and not c.held_back
        and c.claimed_until > sqlc.arg(latest_claim)::timestamptz
    order by c.claimed_until desc limit sqlc.arg(n) for no key update skip locked
)
update accounts set
    next_check_at = case when next_check_at <= sqlc.arg(latest_check)::timestamptz then next_check_at
        when checked_at <= sqlc.arg(at)::timestamptz
            then checked_at + (sqlc.arg(latest_check)::timestamptz - sqlc.arg(at)::timestamptz)
        else sqlc.arg(at)::timestamptz end,
    claimed_until = case when claimed_until <= sqlc.arg(latest_claim)::timestamptz then claimed_until end
where id in (select f.id from far f union select h.id from held h);

-- name: RecordCheckFailure :exec
-- The account is due, also where it was not before (a person asked), and is held back for a while. Where something came
-- after the check was sent, a wish or news, nothing is recorded: that is not to wait for what failed before it.
update accounts set check_failures = check_failures + 1, last_check_error = sqlc.arg(error)::text,
    failing_since = coalesce(failing_since, sqlc.arg(at)::timestamptz),
    next_check_at = least(next_check_at, sqlc.arg(at)::timestamptz), claimed_until = sqlc.arg(until)::timestamptz
where id = sqlc.arg(id) and revision = sqlc.arg(revision) and disconnected_at is null;

-- name: HoldBack :exec
-- The account is due, and is held back until then. No failure is counted.
update accounts set claimed_until = sqlc.arg(until)::timestamptz,
    next_check_at = least(next_check_at, sqlc.arg(at)::timestamptz) where id = sqlc.arg(id) and disconnected_at is null;

-- name: WishCheck :exec
-- The account is due at once, and whatever is being retrieved of it is thrown away. A claim that has ended is what scanners of
-- all processes look for.
update accounts set revision = revision + 1, next_check_at = least(next_check_at, sqlc.arg(at)::timestamptz),
    claimed_until = coalesce(claimed_until, sqlc.arg(at)::timestamptz)
where id = sqlc.arg(id) and disconnected_at is null;

-- name: AccountChanges :many
-- An account's history, newest first, from before a position, and the feed's place as of which it is that.
select sqlc.embed(c), (select f.epoch from feed f)::bigint as epoch, (select f.position from feed f)::bigint as seen
from account_changes c where c.account_id = sqlc.arg(account_id) and c.position < sqlc.arg(before)::bigint
order by c.position desc limit sqlc.arg(n);

-- name: Troubles :one
-- What an operator has to know of: each is 0 where all is well. The overdue are counted as far as a thousand.
select
    (select count(*) from accounts f where f.failing_since < sqlc.arg(failing_before)::timestamptz and f.disconnected_at is null) as failing,
    (select count(*) from accounts h where h.held_back) as held_back,
    (select count(*) from (select from accounts o where o.next_check_at is not null and not o.held_back
        and greatest(o.next_check_at, o.claimed_until) < sqlc.arg(overdue_before)::timestamptz
        order by greatest(o.next_check_at, o.claimed_until) limit 1000) overdue) as overdue,
    (select count(*) from stripe_events where outcome = 'failed') as unreadable,
    (select count(*) from event_endpoints where disabled_at is not null) as switched_off;
