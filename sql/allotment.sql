-- name: CountByStatus :one
-- How many accounts are connected, as the statuses are counted.
select coalesce(sum(accounts) filter (where status <> 'disconnected'), 0)::bigint as connected from status_counts;

-- name: RoutineIsDue :one
-- Whether a check is due that nothing but the calendar asks for, of an account last checked by then, and no pass by list pages
-- was opened since recently. In the index's order, as AnyDue.
select (coalesce((select true from accounts a where a.next_check_at is not null and not a.held_back
        and greatest(a.next_check_at, a.claimed_until) <= sqlc.arg(at)::timestamptz
        and a.checked_at <= sqlc.arg(checked_by)::timestamptz and a.check_failures = 0
        order by greatest(a.next_check_at, a.claimed_until) limit 1), false)
    and not exists (select from scans s where s.method = 'list' and s.started_at > sqlc.arg(recently)::timestamptz))::boolean as due;
