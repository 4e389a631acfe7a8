-- oldest: 17
-- +goose Up

-- When retrievals confirmed what was published of a seller: its times as they were from then on. The feed forgets its checks
-- after a week; these are kept, as the history is, so that a past moment is answered with the times that were known then. A
-- year of an account's checks takes less room than one of its changes.
create table account_checks (
    seller_id  text        collate "C" not null,
    position   bigint      not null,
    at         timestamptz not null,
    as_of      timestamptz,
    checked_at timestamptz,
    primary key (seller_id, position)
);

insert into account_checks (seller_id, position, at, as_of, checked_at)
select seller_id, position, at, as_of, checked_at from feed_entries where kind = 'check';

-- The last change of a seller by a moment is found in the index; without the time in it, Postgres reads the changes of all
-- sellers since then. It is built beside the one that it replaces: until the end the history can be read, and only what would be
-- added to it waits.
create index account_changes_by_seller_and_time on account_changes (seller_id, position, at);
drop index account_changes_by_seller;
alter index account_changes_by_seller_and_time rename to account_changes_by_seller;

-- A database made anew begins at an epoch of its own, the microseconds since 1970 (JavaScript counts as far until 2255): a
-- cursor of the one before it fits none that comes after.
update feed set epoch = (extract(epoch from clock_timestamp()) * 1000000)::bigint where position = 0 and epoch = 1;

-- +goose Down
update feed set epoch = 1 where position = 0;
create index account_changes_by_seller_alone on account_changes (seller_id, position);
drop index account_changes_by_seller;
alter index account_changes_by_seller_alone rename to account_changes_by_seller;
drop table account_checks;
