-- oldest: 19
-- allow backfill: it reads deliveries, of 30 days, and writes those few that failed or wait for another attempt
-- +goose Up
update deliveries set
    trouble = case state when 'failed' then 'failed' else 'waiting' end,
    failed_at = case when state = 'failed' then coalesce((attempts -> -1 ->> 'at')::timestamptz, created_at) end
where state = 'failed' or (state = 'pending' and attempts <> '[]');

-- +goose Down
