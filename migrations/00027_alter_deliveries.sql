-- oldest: 19
-- allow other: a function and a trigger read no row, and hold the table no longer than the columns do
-- +goose Up

-- trouble is null of what was delivered at once: it waits for another attempt ("waiting"), or has failed ("failed"), at failed_at.
-- Lists and counts go by it, and not by state, so that what is delivered at once changes nothing that is indexed (HOT).
alter table deliveries add column trouble text, add column failed_at timestamptz;

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

-- +goose Down
drop trigger deliveries_keep_trouble on deliveries;
drop function keep_trouble;
alter table deliveries drop column failed_at, drop column trouble;
