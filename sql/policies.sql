-- name: SeedPolicy :exec
-- The first version, where there is none.
insert into policies (version, policy, created_at, created_by)
values (1, sqlc.arg(policy), sqlc.arg(created_at), sqlc.arg(created_by))
on conflict do nothing;

-- name: NewestPolicy :one
select version, policy from policies order by version desc limit 1;

-- name: InsertPolicy :one
-- The next version, with who applied it; of two at once one fails on the key.
with applied as (
    insert into policies (version, policy, created_at, created_by)
    select coalesce(max(p.version), 0) + 1, sqlc.arg(policy), sqlc.arg(created_at), sqlc.arg(created_by) from policies p
    returning version
)
insert into audit (at, actor, address, action, subject)
select sqlc.arg(created_at), sqlc.arg(created_by), nullif(sqlc.arg(address)::text, ''), 'apply_policy', version::text from applied
returning subject::integer as version;

-- name: UnjudgedAccounts :many
-- Accounts that an older policy or older rules have judged, and none newer than these.
select id from accounts
where policy_version <= sqlc.arg(policy_version) and judge_version <= sqlc.arg(judge_version)
    and (policy_version < sqlc.arg(policy_version) or judge_version < sqlc.arg(judge_version))
limit sqlc.arg(n);

-- name: CountUnjudgedAccounts :one
select count(*) from accounts
where policy_version <= sqlc.arg(policy_version) and judge_version <= sqlc.arg(judge_version)
    and (policy_version < sqlc.arg(policy_version) or judge_version < sqlc.arg(judge_version));

-- name: ConnectedAccountsAfter :many
select * from accounts where disconnected_at is null and id > sqlc.arg(after)::text order by id limit sqlc.arg(n);
