-- +goose Up

-- The link's token, which the way back leads to, encrypted with the browser's secret: neither the database nor the cookie
-- alone knows it. States from before have none; their browsers are asked to begin again.
alter table oauth_states add column sealed_token bytea;

-- +goose Down
alter table oauth_states drop column sealed_token;
