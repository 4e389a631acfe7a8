-- name: Figures :one
-- What a scrape shows: by one look into an index or a table of one row, but for what is still to be caught up with and to be
-- mailed, which is counted along an index. Moments that there are none of are epoch.
select
    (select f.position from feed f)::bigint as feed_position,
    coalesce((select greatest(a.next_check_at, a.claimed_until) from accounts a where a.next_check_at is not null and not a.held_back
        order by greatest(a.next_check_at, a.claimed_until) limit 1), 'epoch')::timestamptz as next_turn,
    coalesce((select c.at from account_changes c where c.position > (select t.position from told_changes t)
        order by c.position limit 1), 'epoch')::timestamptz as untold_since,
    coalesce((select e.received_at from stripe_events e order by e.received_at desc limit 1), 'epoch')::timestamptz as heard_at,
    coalesce((select s.state from scans s where s.state in ('running', 'braked')), '')::text as scan_state,
    coalesce((select s.finished_at from scans s where s.state = 'finished' order by s.started_at desc, s.id desc limit 1),
        'epoch')::timestamptz as scan_finished_at,
    coalesce((select h.at from heartbeat h), 'epoch')::timestamptz as beat_at,
    ((select h.deaf_since from heartbeat h) is not null)::boolean as deaf,
    exists (select from catch_ups c where c.finished_at is null)::boolean as catching_up,
    (select count(*) from catch_up_accounts a where a.catch_up_id = (select c.id from catch_ups c where c.finished_at is null))::bigint as catch_up_left,
    (select count(*) from mails m where m.settled_at is null)::bigint as open_mails,
    coalesce((select m.created_at from mails m where m.settled_at is null order by m.created_at limit 1), 'epoch')::timestamptz as oldest_mail_at,
    b.factor as rate_factor,
    greatest(b.pause - extract(epoch from sqlc.arg(now)::timestamptz - b.at), 0)::float8 as pause,
    greatest(b.scan_ahead - extract(epoch from sqlc.arg(now)::timestamptz - b.at), 0)::float8 as scan_ahead,
    greatest(b.all_ahead - extract(epoch from sqlc.arg(now)::timestamptz - b.at), 0)::float8 as all_ahead
from stripe_budget b;
