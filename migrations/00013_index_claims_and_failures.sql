-- oldest: 1
-- +goose Up

-- Claims, and waits after a failure, by their ends: a resting scanner looks for those that nobody has answered.
create index accounts_claimed on accounts (claimed_until) where claimed_until is not null and not held_back;

-- Accounts whose checks fail, which an operator hears of.
create index accounts_failing on accounts (failing_since) where failing_since is not null;

-- +goose Down
drop index accounts_failing;
drop index accounts_claimed;
