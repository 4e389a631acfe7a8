-- name: FindSession :many
select data from sessions where token = sqlc.arg(token) and not ended and expiry > sqlc.arg(at)::timestamptz;

-- name: CommitSession :exec
-- A session that has ended stays so, whatever began before.
insert into sessions as s (token, data, expiry) values (sqlc.arg(token), sqlc.arg(data), sqlc.arg(expiry))
on conflict (token) do update set data = excluded.data, expiry = excluded.expiry where not s.ended;

-- name: EndSession :exec
update sessions set ended = true, data = '' where token = sqlc.arg(token);

-- name: EndSessions :exec
update sessions set ended = true, data = '' where not ended;

-- name: DeleteExpiredSessions :exec
delete from sessions where expiry < sqlc.arg(at)::timestamptz;
