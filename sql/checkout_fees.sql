-- name: KeepCheckoutFee :exec
-- A request that is sent again with its Idempotency-Key gets the same session, with the same fee.
insert into checkout_fees (session_id, application_fee_amount, at)
values (sqlc.arg(session_id), sqlc.arg(application_fee_amount), sqlc.arg(at)::timestamptz)
on conflict (session_id) do nothing;

-- name: CheckoutFees :many
select session_id, application_fee_amount from checkout_fees where session_id = any(sqlc.arg(session_ids)::text[]);

-- name: DeleteCheckoutFees :one
-- The same as DeleteTold of the fees.
with looked as (
    select f.at from checkout_fees f
    where f.at > sqlc.arg(after)::timestamptz and f.at < sqlc.arg(before)::timestamptz
    order by f.at fetch first (sqlc.arg(n)::bigint) rows with ties
), batch as materialized (
    select count(*) as n, max(at) as last from looked
), deleted as (
    delete from checkout_fees where ctid = any(array(
        select f.ctid from checkout_fees f
        where f.at > sqlc.arg(after)::timestamptz and f.at <= (select b.last from batch b)
        for update skip locked))
)
select n, coalesce(last, sqlc.arg(after)::timestamptz)::timestamptz as last from batch;
