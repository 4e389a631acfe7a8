-- name: LockAccountsOfSeller :many
select id from accounts where seller_id = sqlc.arg(seller_id) order by id for no key update;

-- name: LockHolders :many
-- The seller, and who else held one of these accounts. One array, since an "or" of two conditions would read all sellers.
select id, account_id, readiness,
    exists (select from connections c where c.seller_id = s.id and c.disconnected_at is null)::boolean as connected
from sellers s
where id = any(array[sqlc.arg(seller_id)::text]
    || array(select c.seller_id from connections c where c.account_id = any(sqlc.arg(account_ids)::text[])))
order by id for no key update;

-- name: EraseNames :exec
-- The revision rises, so that pages that show the name are told.
update accounts set display_name = null, revision = revision + 1 where seller_id = sqlc.arg(seller_id);

-- name: EraseEmail :exec
update sellers set email = null where id = sqlc.arg(id);

-- name: EraseHistory :exec
update account_changes set after = after || '{"display_name": null}',
    before = case when before is not null then before || '{"display_name": null}' end
where seller_id = sqlc.arg(seller_id);

-- name: EraseAccountHistory :exec
-- What the history of these sellers says of these accounts, also as what was published before another account.
update account_changes set
    after = case when after->>'account_id' = any(sqlc.arg(account_ids)::text[]) then after || '{"display_name": null}' else after end,
    before = case when before->>'account_id' = any(sqlc.arg(account_ids)::text[]) then before || '{"display_name": null}' else before end
where seller_id = any(sqlc.arg(seller_ids)::text[])
    and (after->>'account_id' = any(sqlc.arg(account_ids)::text[]) or before->>'account_id' = any(sqlc.arg(account_ids)::text[]));

-- name: PayloadsOfSeller :many
-- The stored payloads of events of accounts that the seller held, in the order of ids, from after one on. Of an account that
-- another holds, or held last, without those from while another held it: what came late, after the disconnection, tells of
-- this seller too.
select e.id, e.payload from stripe_events e
where e.account in (select c.account_id from connections c where c.seller_id = sqlc.arg(seller_id))
    and (e.account = any(sqlc.arg(account_ids)::text[]) or not exists (
        select from connections o
        where o.account_id = e.account and o.seller_id <> sqlc.arg(seller_id)
            and o.connected_at <= e.created and (o.disconnected_at is null or e.created <= o.disconnected_at)
    ))
    and e.payload is not null and e.id > sqlc.arg(after)::text
order by e.id limit sqlc.arg(n);

-- name: ReplacePayload :exec
update stripe_events set payload = sqlc.arg(payload) where id = sqlc.arg(id);

-- name: EraseNotes :exec
-- What was written down while the seller held an account, and of the accounts that the seller held last.
delete from account_notes where seller_id = sqlc.arg(seller_id) or account_id = any(sqlc.arg(account_ids)::text[]);
