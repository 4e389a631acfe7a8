-- oldest: 19
-- +goose Up

-- When a seller is to be reminded next of what is due, and of which deadline. Kept by whoever tells changes, so that nobody
-- has to look through all sellers.
create table reminders (
    seller_id text        primary key collate "C",
    deadline  timestamptz not null,
    at        timestamptz not null
);

create index reminders_by_at on reminders (at);

insert into reminders (seller_id, deadline, at)
select s.id, d.deadline, d.deadline - interval '14 days'
from sellers s cross join lateral (
    select min((r->>'deadline')::timestamptz) as deadline from jsonb_array_elements(s.readiness->'reasons') r
    where r->>'code' in ('requirement_due', 'requirement_past_due')
) d
where d.deadline is not null;

-- +goose Down
drop table reminders;
