-- name: LockHeartbeat :one
select h.at, h.deaf_since, h.endpoint_checked_at from heartbeat h for no key update of h;

-- name: ReadHeartbeat :one
select h.at, h.deaf_since, h.endpoint_checked_at from heartbeat h;

-- name: LastHeardAt :many
-- When the last event came that is kept, or none. One that a catch-up has asked for counts too: so was asked for what came before.
select e.received_at from stripe_events e order by e.received_at desc limit 1;

-- name: SetHeartbeat :exec
update heartbeat set at = sqlc.arg(at)::timestamptz, deaf_since = sqlc.narg(deaf_since), endpoint_checked_at = sqlc.narg(endpoint_checked_at);

-- name: SupersedeCatchUp :many
-- Ends the catch-up that is open, so that a wider one takes its place.
update catch_ups set finished_at = sqlc.arg(at)::timestamptz, superseded = true where finished_at is null returning *;

-- name: ForgetSuperseded :exec
-- What superseded catch-ups had left.
delete from catch_up_accounts a using catch_ups c where c.id = a.catch_up_id and c.superseded;

-- name: OpenCatchUp :one
insert into catch_ups (why, since, opened_at) values (sqlc.arg(why), sqlc.arg(since), sqlc.arg(at)) returning *;

-- name: CurrentCatchUp :many
-- The open catch-up, or none.
select * from catch_ups where finished_at is null;

-- name: LastCatchUp :many
-- The last that has ended and was not superseded, or none.
select * from catch_ups where finished_at is not null and not superseded order by id desc limit 1;

-- name: CatchUpLeft :one
select count(*) from catch_up_accounts where catch_up_id = sqlc.arg(id);

-- name: SweepOf :many
-- The last pass that somebody of this name has started, or none.
select * from scans where started_by = sqlc.arg(started_by) order by started_at desc, id desc limit 1;

-- name: SetSwept :exec
update catch_ups set swept = true where id = sqlc.arg(id);

-- name: LockCatchUp :many
select * from catch_ups where id = sqlc.arg(id) and finished_at is null for no key update;

-- name: ListCatchUpAccounts :one
-- Lists the next connected accounts, in the order of ids, and says how many it looked at and up to which.
with next as (
    select a.id, a.disconnected_at from accounts a where a.id > sqlc.arg(after)::text collate "C" order by a.id limit sqlc.arg(n)
), listed as (
    insert into catch_up_accounts (catch_up_id, account_id)
    select sqlc.arg(id)::bigint, next.id from next where next.disconnected_at is null
    on conflict do nothing
    returning account_id
)
select count(*) as looked_at, (select count(*) from listed) as listed, coalesce(max(next.id), '')::text as through from next;

-- name: SetListedThrough :exec
update catch_ups set listed_through = sqlc.narg(through), accounts = accounts + sqlc.arg(accounts)::bigint where id = sqlc.arg(id);

-- name: ClaimCatchUpAccount :many
-- Takes the next account of a catch-up, in the order of ids, or none: whoever goes on behind the one that it took last passes
-- over none of those that are deleted already. One that is superseded has none.
update catch_up_accounts c set claimed_until = sqlc.arg(until)::timestamptz
where c.catch_up_id = sqlc.arg(id) and c.account_id = (
    select n.account_id from catch_up_accounts n
    where n.catch_up_id = sqlc.arg(id) and n.account_id > sqlc.arg(after)::text collate "C"
        and n.claimed_until <= sqlc.arg(at)::timestamptz
        and exists (select from catch_ups o where o.id = n.catch_up_id and o.finished_at is null)
    order by n.account_id limit 1 for update skip locked)
returning c.*;

-- name: CatchUpPage :exec
-- A page of an account's events is stored, and there are more.
with turned as (
    update catch_up_accounts a set after = sqlc.arg(after), claimed_until = sqlc.arg(until)::timestamptz, failures = 0
    where a.catch_up_id = sqlc.arg(id) and a.account_id = sqlc.arg(account_id)
)
update catch_ups c set events = c.events + sqlc.arg(events)::bigint, missed = c.missed + sqlc.arg(missed)::bigint
where c.id = sqlc.arg(id);

-- name: CatchUpDone :exec
-- An account's last page is stored, or there is none to be had.
with done as (
    delete from catch_up_accounts a where a.catch_up_id = sqlc.arg(id) and a.account_id = sqlc.arg(account_id) returning a.account_id
)
update catch_ups c set events = c.events + sqlc.arg(events)::bigint, missed = c.missed + sqlc.arg(missed)::bigint,
    gone = c.gone + sqlc.arg(gone)::bigint, failed = c.failed + sqlc.arg(failed)::bigint
where c.id = sqlc.arg(id) and exists (select from done);

-- name: CatchUpLater :exec
-- Nothing could be had of an account for now; it has its next turn then. An after of '' begins with the first page again.
update catch_up_accounts set failures = sqlc.arg(failures), claimed_until = sqlc.arg(until)::timestamptz, after = sqlc.arg(after)
where catch_up_id = sqlc.arg(id) and account_id = sqlc.arg(account_id);

-- name: FinishCatchUp :many
-- Ends a catch-up that has no account left, once.
update catch_ups c set finished_at = sqlc.arg(at)::timestamptz
where c.id = sqlc.arg(id) and c.finished_at is null and c.listed_through is null
    and not exists (select from catch_up_accounts a where a.catch_up_id = c.id)
returning c.*;
