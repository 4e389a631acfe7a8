-- oldest: 19
-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = 0;

-- What admins look for: deliveries that wait or failed, of an event or an account; mails of a kind.
drop index concurrently if exists deliveries_in_trouble;
create index concurrently deliveries_in_trouble on deliveries (endpoint_id, trouble, type, (id || '')) where trouble is not null;
drop index concurrently if exists deliveries_by_failure;
create index concurrently deliveries_by_failure on deliveries (endpoint_id, failed_at) where failed_at is not null;
drop index concurrently if exists deliveries_by_event;
create index concurrently deliveries_by_event on deliveries (event_id);
drop index concurrently if exists deliveries_of_account;
create index concurrently deliveries_of_account on deliveries (account_id, id) where account_id is not null;
drop index concurrently if exists mails_by_kind;
create index concurrently mails_by_kind on mails (kind, coalesce(outcome, 'open'), (id || ''));
drop index concurrently if exists mail_causes_waiting_by_kind;
create index concurrently mail_causes_waiting_by_kind on mail_causes (kind, at, seller_id, cause) where waiting;

-- Who did something to a link, and what the holder of a key did last.
drop index concurrently if exists audit_by_subject;
create index concurrently audit_by_subject on audit (subject, id) where subject is not null;
drop index concurrently if exists audit_by_actor;
create index concurrently audit_by_actor on audit (actor, id);
drop index concurrently if exists onboarding_links_by_created_at;
create index concurrently onboarding_links_by_created_at on onboarding_links (created_at);

-- Links as admins look through them, those that end last first: all, and a seller's.
drop index concurrently if exists onboarding_links_by_end;
create index concurrently onboarding_links_by_end on onboarding_links (expires_at, id);
drop index concurrently if exists onboarding_links_by_seller_and_end;
create index concurrently onboarding_links_by_seller_and_end on onboarding_links (seller_id, expires_at, id);

-- Who may lose the ability to transact, by when: few of all accounts, so that they can be counted.
drop index concurrently if exists accounts_at_risk;
create index concurrently accounts_at_risk on accounts (at_risk_at) where at_risk_at is not null;

drop index concurrently if exists deliveries_by_account;
drop index concurrently if exists onboarding_links_by_seller;

-- +goose Down
set lock_timeout = 0;
drop index concurrently if exists deliveries_by_account;
create index concurrently deliveries_by_account on deliveries (account_id) where account_id is not null;
drop index concurrently if exists onboarding_links_by_seller;
create index concurrently onboarding_links_by_seller on onboarding_links (seller_id);
drop index concurrently if exists accounts_at_risk;
drop index concurrently if exists onboarding_links_by_seller_and_end;
drop index concurrently if exists onboarding_links_by_end;
drop index concurrently if exists onboarding_links_by_created_at;
drop index concurrently if exists audit_by_actor;
drop index concurrently if exists audit_by_subject;
drop index concurrently if exists mail_causes_waiting_by_kind;
drop index concurrently if exists mails_by_kind;
drop index concurrently if exists deliveries_of_account;
drop index concurrently if exists deliveries_by_event;
drop index concurrently if exists deliveries_by_failure;
drop index concurrently if exists deliveries_in_trouble;
