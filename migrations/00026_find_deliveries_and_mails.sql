-- oldest: 19
-- +goose Up

-- When an endpoint last took something, to the minute, and why the last attempt failed, while it fails.
alter table event_endpoints add column answered_at timestamptz, add column last_failure text;

-- trouble is null of what was delivered at once: it waits for another attempt, or has failed, at failed_at. Lists and counts go by
-- it, and not by state, so that what is delivered at once changes nothing that is indexed (HOT).
alter table deliveries add column trouble text check (trouble in ('waiting', 'failed')), add column failed_at timestamptz;

update deliveries set
    trouble = case state when 'failed' then 'failed' else 'waiting' end,
    failed_at = case when state = 'failed' then coalesce((attempts -> -1 ->> 'at')::timestamptz, created_at) end
where state = 'failed' or (state = 'pending' and attempts <> '[]');

create index deliveries_in_trouble on deliveries (endpoint_id, trouble, type, (id || '')) where trouble is not null;
create index deliveries_by_failure on deliveries (endpoint_id, failed_at) where failed_at is not null;
create index deliveries_by_event on deliveries (event_id);
create index deliveries_of_account on deliveries (account_id, id) where account_id is not null;
drop index deliveries_by_account;

-- A program of before, which runs beside this one during an upgrade, knows of no trouble: what it changes gets its own here.
-- +goose StatementBegin
create function keep_trouble() returns trigger language plpgsql as $$
begin
    new.trouble := case new.state when 'pending' then 'waiting' when 'failed' then 'failed' end;
    new.failed_at := case when new.state = 'failed' then coalesce((new.attempts -> -1 ->> 'at')::timestamptz, new.created_at) end;
    return new;
end
$$;
-- +goose StatementEnd

create trigger deliveries_keep_trouble before update of state, tries on deliveries for each row
    when (case new.state when 'failed' then new.trouble is distinct from 'failed' when 'delivered' then new.trouble is not null
        else new.trouble = 'failed' or new.trouble is null and (new.tries > 0 or new.round > 1) end)
    execute function keep_trouble();

-- position is that of the change that a mail tells of. Of a mail that is still to be sent, why says what the last attempt came to,
-- and failing_since when the first failed; of one that was not sent, why says why not.
alter table mails add column position bigint, add column failing_since timestamptz, add column why text;
alter table mail_causes add column position bigint;

create index mails_by_kind on mails (kind, coalesce(outcome, 'open'), (id || ''));
create index mail_causes_waiting_by_kind on mail_causes (kind, at, seller_id, cause) where waiting;

-- +goose Down
drop index mail_causes_waiting_by_kind;
drop index mails_by_kind;
alter table mail_causes drop column position;
alter table mails drop column why, drop column failing_since, drop column position;
create index deliveries_by_account on deliveries (account_id) where account_id is not null;
drop index deliveries_of_account;
drop index deliveries_by_event;
drop index deliveries_by_failure;
drop index deliveries_in_trouble;
drop trigger deliveries_keep_trouble on deliveries;
drop function keep_trouble();
alter table deliveries drop column failed_at, drop column trouble;
alter table event_endpoints drop column last_failure, drop column answered_at;
