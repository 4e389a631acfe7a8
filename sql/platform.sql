-- name: ClaimPlatform :exec
-- Makes the database this platform's and mode's, where it is no one's yet.
insert into platform (account_id, livemode, claimed_at)
values (sqlc.arg(account_id), sqlc.arg(livemode), sqlc.arg(claimed_at))
on conflict do nothing;

-- name: ClaimedPlatform :one
select account_id, livemode from platform;
