-- oldest: 1
-- +goose Up

-- Whether a seller has connected since an attempt that is unfinished: by the codes of the seller, since only they have the
-- time of the attempt's own clock.
create index oauth_codes_connected on oauth_codes (seller_id, created_at) where outcome = 'connected';

-- +goose Down
drop index oauth_codes_connected;
