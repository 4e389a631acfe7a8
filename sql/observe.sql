-- name: InsertGrantedSellers :exec
-- The sellers of new grants, those that are there stay as they are, and unlocked.
insert into sellers (id, created_at)
select x.id, sqlc.arg(at)::timestamptz from unnest(sqlc.arg(ids)::text[]) as x(id) order by x.id
on conflict do nothing;

-- name: InsertGrantedAccounts :many
-- A place for each granted account that is new, a grant that is refused takes it away again in the same transaction.
insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts,
    allow_unlink, reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
select g.id, g.seller_id, g.livemode, 'incomplete', false, false, false, true, '[]', 0, 0, g.at, g.at, g.at, 0, 0
from json_to_recordset(sqlc.arg(grants)::json) as g(id text, seller_id text, livemode boolean, at timestamptz)
order by g.id
on conflict do nothing
returning id;

-- name: JoinEventWriters :exec
-- Before anything is looked up for events, until the commit: see AwaitEventWriters.
select pg_advisory_xact_lock_shared(hashtext('connectd events'));

-- name: LockAccounts :many
select * from accounts where id = any(sqlc.arg(ids)::text[]) order by id for no key update;

-- name: LockSellers :many
-- The sellers who hold (or held last) these accounts, and those of new grants. Their accounts are locked already. One array,
-- since an "or" of two conditions would read all sellers.
select id, account_id, digest, version from sellers
where id = any(sqlc.arg(ids)::text[] || array(select a.seller_id from accounts a where a.id = any(sqlc.arg(account_ids)::text[])))
order by id for no key update;

-- name: OpenConnections :many
select seller_id, account_id from connections where disconnected_at is null and seller_id = any(sqlc.arg(seller_ids)::text[]);

-- name: KnownEvents :many
select id, outcome, why from stripe_events where id = any(sqlc.arg(ids)::text[]);

-- name: PolicyAfter :many
-- The newest policy, where it is newer than the one in hand.
select version, policy from policies where version > sqlc.arg(version) order by version desc limit 1;

-- name: InsertEvents :exec
insert into stripe_events (id, type, account, created, received_at, outcome, why, payload)
select e.id, e.type, e.account, e.created, sqlc.arg(at)::timestamptz, e.outcome, e.why, e.payload
from json_to_recordset(sqlc.arg(events)::json) as e(id text, type text, account text, created timestamptz, outcome text,
    why text, payload text)
order by e.id
on conflict do nothing;

-- name: DeleteRefusedAccounts :exec
delete from accounts where id = any(sqlc.arg(ids)::text[]);

-- name: TakePositions :one
-- Locks the feed until the commit, and says the last of the positions.
update feed set position = position + sqlc.arg(n)::bigint returning epoch, position;

-- name: UpdateAccounts :exec
-- ord is the place of the account's change among the group's n positions, null where there was no change.
update accounts a set
    seller_id = x.seller_id, livemode = x.livemode, type = x.type, display_name = x.display_name, country = x.country,
    default_currency = x.default_currency, charges_enabled = x.charges_enabled, payouts_enabled = x.payouts_enabled,
    details_submitted = x.details_submitted, requirements = x.requirements,
    future_requirements = x.future_requirements, capabilities = x.capabilities, status = x.status,
    can_transact = x.can_transact, can_accept_payments = x.can_accept_payments,
    can_receive_payouts = x.can_receive_payouts, allow_unlink = x.allow_unlink, reasons = x.reasons,
    at_risk_at = x.at_risk_at, policy_version = x.policy_version, judge_version = x.judge_version, as_of = x.as_of,
    as_of_from = x.as_of_from, checked_at = x.checked_at, next_check_at = x.next_check_at,
    claimed_until = x.claimed_until, check_failures = x.check_failures, last_check_error = x.last_check_error,
    failing_since = x.failing_since, ladder = x.ladder, held_back = x.held_back,
    held_back_by = x.held_back_by,
    connected_at = x.connected_at, granted_from = x.granted_from, granted_at = x.granted_at,
    deauthorization_seen = x.deauthorization_seen, disconnected_at = x.disconnected_at,
    disconnect_reason = x.disconnect_reason, revision = x.revision,
    version = coalesce((select f.position from feed f) - sqlc.arg(n)::bigint + x.ord, a.version)
from json_to_recordset(sqlc.arg(accounts)::json) as x(id text, seller_id text, livemode boolean, type text, display_name text,
    country text, default_currency text, charges_enabled boolean, payouts_enabled boolean, details_submitted boolean,
    requirements jsonb, future_requirements jsonb, capabilities jsonb, status text, can_transact boolean,
    can_accept_payments boolean, can_receive_payouts boolean, allow_unlink boolean, reasons jsonb,
    at_risk_at timestamptz, policy_version integer, judge_version integer, as_of timestamptz, as_of_from timestamptz,
    checked_at timestamptz, next_check_at timestamptz, claimed_until timestamptz, check_failures integer,
    last_check_error text, failing_since timestamptz, ladder smallint, held_back boolean, held_back_by text, connected_at timestamptz, granted_from timestamptz, granted_at timestamptz,
    deauthorization_seen boolean, disconnected_at timestamptz, disconnect_reason text, revision bigint, ord bigint)
where a.id = x.id;

-- name: CloseConnections :exec
-- The array says what the join says too: without it, the plan of a small table reads all open connections.
update connections c set disconnected_at = x.disconnected_at, disconnect_reason = x.disconnect_reason
from json_to_recordset(sqlc.arg(connections)::json) as x(account_id text, disconnected_at timestamptz, disconnect_reason text)
where c.account_id = x.account_id and c.disconnected_at is null
    and c.account_id = any(array(select e->>'account_id' from json_array_elements(sqlc.arg(connections)::json) e));

-- name: RenameDisconnections :exec
-- The reason of the connections that ended then.
update connections c set disconnect_reason = x.disconnect_reason
from json_to_recordset(sqlc.arg(connections)::json) as x(account_id text, disconnected_at timestamptz, disconnect_reason text)
where c.account_id = x.account_id and c.disconnected_at = x.disconnected_at
    and c.account_id = any(array(select e->>'account_id' from json_array_elements(sqlc.arg(connections)::json) e));

-- name: OpenNewConnections :exec
insert into connections (seller_id, account_id, connected_at)
select x.seller_id, x.account_id, x.connected_at
from json_to_recordset(sqlc.arg(connections)::json) as x(seller_id text, account_id text, connected_at timestamptz);

-- name: Publish :exec
-- What is published of sellers, each with its entry in the feed and, where its version is null, its change: that is its own
-- version. A check has that of the change whose readiness it confirms, and its times are kept. before is what was published
-- until now, since all parts of one statement see what was there when it began
-- (postgresql.org/docs/current/queries-with.html). The casts tell sqlc the columns.
with published as materialized (
    select (select f.position from feed f) - sqlc.arg(n)::bigint + x.ord as position, sqlc.arg(at)::timestamptz as at,
        x.seller_id::text as seller_id, x.account_id::text as account_id, x.source::text as source, x.event_id::text as event_id,
        x.request_id::text as request_id, x.policy_version::integer as policy_version, x.readiness::jsonb as readiness,
        x.digest::bytea as digest, x.version::bigint as version, x.as_of::timestamptz as as_of, x.checked_at::timestamptz as checked_at,
        x.traceparent::text as traceparent
    from json_to_recordset(sqlc.arg(publications)::json) as x(ord bigint, seller_id text, account_id text, source text, event_id text,
        request_id text, policy_version integer, readiness jsonb, digest bytea, version bigint, as_of timestamptz, checked_at timestamptz,
        traceparent text)
), changes as (
    insert into account_changes (position, account_id, seller_id, at, source, event_id, request_id, policy_version, before, after, traceparent)
    select p.position, p.account_id, p.seller_id, p.at, p.source, p.event_id, p.request_id, p.policy_version,
        s.readiness, p.readiness, p.traceparent
    from published p join sellers s on s.id = p.seller_id
    where p.version is null
), entries as (
    insert into feed_entries (position, kind, at, seller_id, source, version, as_of, checked_at)
    select p.position, case when p.version is null then 'change' else 'check' end, p.at, p.seller_id, p.source,
        coalesce(p.version, p.position), p.as_of, p.checked_at
    from published p
), checks as (
    insert into account_checks (seller_id, position, at, as_of, checked_at)
    select p.seller_id, p.position, p.at, p.as_of, p.checked_at
    from published p
    where p.version is not null
)
update sellers s set account_id = p.account_id, readiness = p.readiness, digest = p.digest, version = coalesce(p.version, p.position)
from published p where s.id = p.seller_id;

-- name: NotifyFeed :exec
select pg_notify('connectd_feed', '');

-- name: SetCommitterSettings :exec
-- For this transaction alone, so that it holds behind a pooler too. The statements here are prepared while tables may still
-- be empty, and a plan made then (a scan) would be kept for ever, so only indexes are used.
select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true),
    set_config('lock_timeout', sqlc.arg(lock_timeout)::text, true);

-- name: UpdateReplayedEvents :exec
-- What became of events that were applied again, and what is kept of those that were ignored before.
update stripe_events e set outcome = x.outcome, why = x.why, payload = coalesce(e.payload, x.payload)
from json_to_recordset(sqlc.arg(events)::json) as x(id text, outcome text, why text, payload text)
where e.id = x.id;

-- name: MarkTold :many
-- Those that were not told before.
insert into told (type, id, at)
select x.type, x.id, sqlc.arg(at)::timestamptz from json_to_recordset(sqlc.arg(notices)::json) as x(type text, id text)
order by x.type, x.id
on conflict do nothing
returning type, id;
