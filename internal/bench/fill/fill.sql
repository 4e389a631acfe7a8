-- A platform's accounts as connectd leaves them: most are enabled, few rejected; those that are disconnected came first. All were
-- checked within the last four weeks, and last changed then. From one table, which goes again, the others are made.
create unlogged table bench_drawn as
select i, 'shop-' || i as seller_id, @prefix::text || lpad(i::text, 8, '0') as account_id, status, able, at,
    @now::timestamptz - (@n::int - i) * interval '1 minute' as connected_at,
    case when i % 50 > 0 then (@first::text[])[1 + i % 20] || ' ' || (@second::text[])[1 + i / 20 % 20]
        || ' ' || i / 400 end as display_name,
    (@countries::text[])[least(30, 1 + floor(-ln(1 - (i * 7919::bigint % 1000003) / 1000003.0) * 4))::int] as country,
    case when i % 3 = 0 then 'owner' || i || '@example.com' end as email,
    case when status = 'restricted_soon' then @now::timestamptz + (1 + i % 90) * interval '1 day' end as at_risk_at,
    case when able then '[]'::jsonb else jsonb_build_array(jsonb_build_object('code', 'requirement_due', 'who', 'seller',
        'message', 'Stripe needs an identity document.', 'requirement', 'individual.verification.document')) end as reasons,
    jsonb_build_object('currently_due', case when able then '[]'::jsonb else '["individual.verification.document", "external_account"]' end,
        'eventually_due', '["individual.id_number", "business_profile.url"]'::jsonb, 'past_due', '[]'::jsonb,
        'pending_verification', '[]'::jsonb, 'errors', '[]'::jsonb, 'disabled_reason', null, 'current_deadline', null) as requirements
from (select *, status in ('enabled', 'restricted_soon') as able,
        @now::timestamptz - interval '1 day' - (i * 7919::bigint % 2246400) * interval '1 second' as at
    from (select i, case when i < @n::int / 20 then 'disconnected' when r < 2 then 'rejected' when r < 7 then 'unsupported'
            when r < 57 then 'incomplete' when r < 67 then 'in_review' when r < 117 then 'restricted'
            when r < 177 then 'restricted_soon' else 'enabled' end as status
        from (select i, i * 104729::bigint % 1009 as r from generate_series(0, @n::int - 1) i) drawn) of_status) of_time;

insert into sellers (id, email, account_id, readiness, version, created_at)
select seller_id, email, account_id, jsonb_build_object('seller_id', seller_id, 'account_id', account_id, 'can_transact', able,
        'can_accept_payments', able, 'can_receive_payouts', able, 'status', status, 'reasons', reasons, 'requirements', requirements,
        'display_name', display_name, 'country', country, 'currency', 'eur', 'allow_unlink', not able, 'at_risk_at', at_risk_at,
        'as_of', at, 'checked_at', at), i + 1, connected_at
from bench_drawn;

insert into accounts (id, seller_id, livemode, type, display_name, country, default_currency, charges_enabled, payouts_enabled,
    details_submitted, requirements, capabilities, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink, reasons,
    at_risk_at, policy_version, judge_version, as_of, as_of_from, checked_at, next_check_at, connected_at, granted_from, granted_at,
    disconnected_at, revision, version)
select account_id, seller_id, false, 'standard', display_name, country, 'eur', able, able, true, requirements,
    '{"card_payments": "active", "transfers": "active"}', status, able, able, able, not able, reasons, at_risk_at, 1, @judge::int, at, at, at,
    case when status <> 'disconnected' then at + interval '28 days' end, connected_at, connected_at, connected_at,
    case when status = 'disconnected' then at end, 3, i + 1
from bench_drawn;

insert into connections (seller_id, account_id, connected_at, disconnected_at)
select seller_id, account_id, connected_at, case when status = 'disconnected' then at end from bench_drawn;

insert into account_changes (position, account_id, seller_id, at, source, policy_version, after)
select version, account_id, id, (readiness->>'as_of')::timestamptz, 'scan', 1, readiness from sellers;

insert into account_checks (seller_id, position, at, as_of, checked_at) select seller_id, i + 1, at, at, at from bench_drawn;

insert into reminders (seller_id, deadline, at)
select seller_id, at_risk_at, greatest(at_risk_at - interval '14 days', @now::timestamptz + interval '1 day') from bench_drawn where at_risk_at is not null;

insert into account_words select a.id, words_of(a.seller_id, a.id, a.display_name, s.email) from accounts a join sellers s on s.id = a.seller_id;

insert into status_counts (status, accounts) select status, count(*) from bench_drawn group by status;

update feed set position = @n::int;

update told_changes set position = @n::int;

update overview set position = @n::int;

drop table bench_drawn;
