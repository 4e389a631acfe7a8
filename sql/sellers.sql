-- name: EnsureSeller :exec
-- The seller, with the e-mail address where one is given. Nothing that is published of a seller is touched.
insert into sellers (id, email, created_at) values (sqlc.arg(id), sqlc.narg(email), sqlc.arg(created_at))
on conflict (id) do update set email = excluded.email where excluded.email is not null;

-- name: PublishedReadiness :many
-- What was last published of these sellers, without those of whom nothing was.
select id, readiness, version from sellers where id = any(sqlc.arg(ids)::text[]) and readiness is not null;

-- name: SellersEverConnected :many
-- Which of these sellers were ever connected.
select id from sellers where id = any(sqlc.arg(ids)::text[]) and version > 0 order by id;
