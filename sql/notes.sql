-- name: InsertNote :one
-- The note, of the account as it is held, with who wrote it. No rows where there is no such account.
with written as (
    insert into account_notes (account_id, seller_id, at, actor, note)
    select a.id, a.seller_id, sqlc.arg(at)::timestamptz, sqlc.arg(actor)::text, sqlc.arg(note)::text from accounts a
    where a.id = sqlc.arg(account_id)::text
    returning *
), audited as (
    insert into audit (at, actor, address, action, subject, account_id, seller_id)
    select w.at, w.actor, nullif(sqlc.arg(address)::text, ''), 'add_note', w.id::text, w.account_id, w.seller_id from written w
)
select * from written;

-- name: DeleteNote :execrows
with deleted as (
    delete from account_notes n where n.id = sqlc.arg(id) and n.account_id = sqlc.arg(account_id)::text
    returning n.id, n.account_id, n.seller_id
)
insert into audit (at, actor, address, action, subject, account_id, seller_id)
select sqlc.arg(at)::timestamptz, sqlc.arg(actor)::text, nullif(sqlc.arg(address)::text, ''), 'delete_note', d.id::text, d.account_id, d.seller_id
from deleted d;

-- name: AccountNotes :many
-- The latest notes on an account, newest first.
select * from account_notes where account_id = sqlc.arg(account_id) order by id desc limit sqlc.arg(n);
