-- name: InsertAudit :exec
insert into audit (at, actor, address, action, subject, account_id, seller_id)
select sqlc.arg(at)::timestamptz, x.actor, x.address, x.action, x.subject, x.account_id, x.seller_id
from json_to_recordset(sqlc.arg(entries)::json) as x(actor text, address text, action text, subject text, account_id text, seller_id text);

-- name: RecordAct :exec
insert into audit (at, actor, address, action, subject, account_id, seller_id)
values (sqlc.arg(at), sqlc.arg(actor), nullif(sqlc.arg(address)::text, ''), sqlc.arg(action), nullif(sqlc.arg(subject)::text, ''),
    nullif(sqlc.arg(account_id)::text, ''), nullif(sqlc.arg(seller_id)::text, ''));

-- name: ActsOnAccount :many
-- What people did to the account, and to its seller without naming an account (links), newest first, from before an id,
-- with the names of the keys by which they did. Each half is in its index's order.
select acts.*, k.name as key_name from (
    (select * from audit where account_id = sqlc.arg(account_id)::text and id < sqlc.arg(before)::bigint order by id desc limit sqlc.arg(n))
    union all
    (select * from audit where seller_id = sqlc.arg(seller_id)::text and account_id is null and id < sqlc.arg(before)::bigint
        order by id desc limit sqlc.arg(n))
) acts left join api_keys k on k.id = acts.actor
order by acts.id desc limit sqlc.arg(n);

-- name: LastActBy :one
-- What an actor did last.
select * from audit where actor = sqlc.arg(actor) order by id desc limit 1;

-- name: ActsOnSubjects :many
-- What was done to keys or links, the first first, with the names of the keys by which it was done.
select a.*, k.name as key_name from audit a left join api_keys k on k.id = a.actor
where a.subject = any(sqlc.arg(subjects)::text[]) order by a.id;
