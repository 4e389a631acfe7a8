-- name: SeedPolicy :exec
-- The first version, where there is none.
insert into policies (version, policy, created_at, created_by)
values (1, sqlc.arg(policy), sqlc.arg(created_at), sqlc.arg(created_by))
on conflict do nothing;

-- name: NewestPolicy :one
select version, policy from policies order by version desc limit 1;

-- name: PoliciesBefore :many
-- The versions before one, the newest first.
select * from policies where version < sqlc.arg(before)::integer order by version desc limit sqlc.arg(n);

-- name: InsertPolicy :many
-- The next version after the one that it was planned against, with who applied it. No row: another one has been applied
-- meanwhile, or is at this moment.
with applied as (
    insert into policies (version, policy, created_at, created_by)
    select max(p.version) + 1, sqlc.arg(policy), sqlc.arg(created_at), sqlc.arg(created_by) from policies p
    having max(p.version) = sqlc.arg(planned)::integer
    on conflict do nothing
    returning version
)
insert into audit (at, actor, address, action, subject)
select sqlc.arg(created_at), sqlc.arg(created_by), nullif(sqlc.arg(address)::text, ''), 'apply_policy', version::text from applied
returning subject::integer as version;

-- name: UnjudgedAccounts :many
-- Accounts that an older policy or older rules have judged, and none newer than these. Each half is a range of the index: where
-- nothing is left, nothing is read.
(select a.id from accounts a
    where a.policy_version < sqlc.arg(policy_version) and a.judge_version <= sqlc.arg(judge_version) limit sqlc.arg(n))
union all
(select b.id from accounts b
    where b.policy_version = sqlc.arg(policy_version) and b.judge_version < sqlc.arg(judge_version) limit sqlc.arg(n))
limit sqlc.arg(n);

-- name: CountUnjudgedAccounts :one
-- How many these are, as far as n.
select count(*) from (
    (select 1 from accounts a
        where a.policy_version < sqlc.arg(policy_version) and a.judge_version <= sqlc.arg(judge_version) limit sqlc.arg(n))
    union all
    (select 1 from accounts b
        where b.policy_version = sqlc.arg(policy_version) and b.judge_version < sqlc.arg(judge_version) limit sqlc.arg(n))
    limit sqlc.arg(n)) as counted;

-- name: ConnectedAccountsAfter :many
select * from accounts where disconnected_at is null and id > sqlc.arg(after)::text order by id limit sqlc.arg(n);
