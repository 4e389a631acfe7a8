-- name: SeedPolicy :exec
-- The first version, where there is none.
insert into policies (version, policy, created_at, created_by)
values (1, sqlc.arg(policy), sqlc.arg(created_at), sqlc.arg(created_by))
on conflict do nothing;

-- name: NewestPolicy :one
select version, policy from policies order by version desc limit 1;
