-- oldest: 19
-- +goose Up

-- While indexes are built accounts are read, and nobody writes to them or locks any: who had begun to would wait for this, and
-- this, at its end, for them.
lock table accounts in exclusive mode;

-- How many wrong passwords an address has given: each counts for a minute after the one before it, until clear. An address that
-- is clear is as one that is not there.
create table sign_in_attempts (
    address text        primary key,
    clear   timestamptz not null
);
create index sign_in_attempts_by_clear on sign_in_attempts (clear);

-- What admins write down about accounts. seller_id is who held the account then; the notes go when that seller is erased.
create table account_notes (
    id         bigint      generated always as identity primary key,
    account_id text        collate "C" not null,
    seller_id  text        collate "C" not null,
    at         timestamptz not null,
    actor      text        not null,
    note       text        not null
);

create index account_notes_by_account on account_notes (account_id, id);
create index account_notes_by_seller on account_notes (seller_id);

-- How many accounts have each status, counted where an account's status changes, in its transaction and after the feed's
-- counter is locked. A recount mends what a process of an older version has left out, and fills it at first.
create table status_counts (
    status   text   primary key,
    accounts bigint not null
) with (fillfactor = 10);

-- The account table's orders, each within a status and within those who can, or can't, transact: a list merges these few ranges,
-- and a filter leaves some out, so that no page walks over what it does not show. A check moves the account in the queue's
-- indexes anyway; of what Stripe's events change, status and at_risk_at are here, and nothing of requirements and capabilities.
-- Not by the id itself: Postgres would rather walk along the primary key, past all others.
create index accounts_in_status_by_id on accounts (status, can_transact, left(id, 255), id);
create index accounts_in_status_by_connected_at on accounts (status, can_transact, connected_at, id);
-- A name may be longer than a row of an index can be.
create index accounts_in_status_by_name on accounts (status, can_transact, left(coalesce(display_name, ''), 200), id);
create index accounts_in_status_by_checked_at on accounts (status, can_transact, coalesce(checked_at, '-infinity'), id);
create index accounts_in_status_by_next_check_at on accounts (status, can_transact, coalesce(next_check_at, 'infinity'), id);
create index accounts_in_status_by_at_risk_at on accounts (status, can_transact, coalesce(at_risk_at, 'infinity'), id);
create index accounts_in_status_by_seller on accounts (status, can_transact, seller_id, id);
-- A country is two letters, and whatever else Stripe may say one day.
create index accounts_by_country on accounts (left(country, 200), status, can_transact, connected_at, id);
-- Without it Postgres expects one in six of the enabled to be unable, and walks over all accounts to find them.
create statistics accounts_verdicts (mcv) on status, can_transact from accounts;

-- By what people search for an account: its seller's id, its own, the name and the seller's e-mail address, in lower case and
-- each after a space. A table of its own, so that the checks of accounts do not touch the index on it.
create table account_words (
    account_id text collate "C" primary key,
    words      text not null
);

-- +goose StatementBegin
create function words_of(seller_id text, account_id text, display_name text, email text) returns text language sql immutable as $$
    select lower(concat(' ', seller_id, ' ', account_id, ' ' || display_name, ' ' || email));
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function keep_words_of_account() returns trigger language plpgsql as $$
begin
    insert into account_words (account_id, words)
    select new.id, words_of(new.seller_id, new.id, new.display_name, s.email) from sellers s where s.id = new.seller_id
    on conflict (account_id) do update set words = excluded.words;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function keep_words_of_seller() returns trigger language plpgsql as $$
begin
    update account_words w set words = words_of(a.seller_id, a.id, a.display_name, new.email)
    from accounts a where a.seller_id = new.id and w.account_id = a.id;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function forget_words_of_account() returns trigger language plpgsql as $$
begin
    delete from account_words where account_id = old.id;
    return null;
end $$;
-- +goose StatementEnd

create trigger account_words_new after insert on accounts for each row execute function keep_words_of_account();
create trigger account_words_changed after update of seller_id, display_name on accounts for each row
    when (old.seller_id is distinct from new.seller_id or old.display_name is distinct from new.display_name)
    execute function keep_words_of_account();
create trigger account_words_gone after delete on accounts for each row execute function forget_words_of_account();
create trigger account_words_of_seller after update of email on sellers for each row
    when (old.email is distinct from new.email) execute function keep_words_of_seller();

insert into account_words (account_id, words)
select a.id, words_of(a.seller_id, a.id, a.display_name, s.email) from accounts a join sellers s on s.id = a.seller_id;

-- pg_trgm is a trusted extension: who owns the database may create it, where the server has it installed. Where that fails the
-- search finds the same, and reads all words to do so; docs/admin.md says how to have the index later.
-- +goose StatementBegin
do $$
begin
    create extension if not exists pg_trgm;
    create index account_words_trgm on account_words using gin (words gin_trgm_ops);
exception when insufficient_privilege or feature_not_supported or undefined_file or undefined_object then
    raise warning 'the search has no index: %', sqlerrm;
end $$;
-- +goose StatementEnd

analyze accounts, account_words;

create index audit_by_seller on audit (seller_id, id);

-- From here on nobody reads accounts, the audit or sessions until the end, which is now near.
drop index accounts_by_connected_at;

-- From where it was done, and to what beside an account or a seller: a key, a link, a pass, an event, a policy's version.
alter table audit add column address text, add column subject text;
-- +goose StatementBegin
create function refuse_to_change_audit() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is only ever added to' using errcode = 'restrict_violation';
end $$;
-- +goose StatementEnd
create trigger audit_is_append_only before update or delete or truncate on audit
    for each statement execute function refuse_to_change_audit();

-- A session that has ended stays until it would have expired: a request that had begun before would else store it anew.
alter table sessions add column ended boolean not null default false;

-- +goose Down
lock table accounts in exclusive mode;
create index accounts_by_connected_at on accounts (connected_at, id);
drop trigger account_words_of_seller on sellers;
drop trigger account_words_gone on accounts;
drop trigger account_words_changed on accounts;
drop trigger account_words_new on accounts;
drop function forget_words_of_account;
drop function keep_words_of_seller;
drop function keep_words_of_account;
drop table account_words;
drop function words_of;
drop statistics accounts_verdicts;
drop index accounts_by_country;
drop index accounts_in_status_by_seller;
drop index accounts_in_status_by_at_risk_at;
drop index accounts_in_status_by_next_check_at;
drop index accounts_in_status_by_checked_at;
drop index accounts_in_status_by_name;
drop index accounts_in_status_by_connected_at;
drop index accounts_in_status_by_id;
drop table status_counts;
drop table account_notes;
drop table sign_in_attempts;
delete from sessions where ended;
alter table sessions drop column ended;
drop trigger audit_is_append_only on audit;
drop function refuse_to_change_audit;
drop index audit_by_seller;
alter table audit drop column subject, drop column address;
