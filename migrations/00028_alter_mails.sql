-- oldest: 19
-- +goose Up

-- position is that of the change that a mail tells of. Of a mail that is still to be sent, why says what the last attempt came to,
-- and failing_since when the first failed; of one that was not sent, why says why not.
alter table mails add column position bigint, add column failing_since timestamptz, add column why text;

-- +goose Down
alter table mails drop column why, drop column failing_since, drop column position;
