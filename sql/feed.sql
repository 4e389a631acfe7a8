-- name: FeedPosition :one
select epoch, position from feed;
