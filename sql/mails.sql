-- name: ClaimMails :many
-- Of each wish whether its mail is to be made: not of a seller who can't be reached, or wants none of the kind, and not within a
-- day of the last of its cause; that one waits until the day has passed. What waits as newly due is told so, also where a
-- reminder of it has come since; and it is about all that has come while it waited.
insert into mail_causes as m (seller_id, cause, kind, about, at, position)
select x.seller_id, x.cause, x.kind, coalesce(x.about, '{}'), sqlc.arg(at)::timestamptz, x.position
from json_to_recordset(sqlc.arg(wishes)::json) as x(seller_id text, cause text, kind text, about text[], position bigint)
where (x.seller_id = '' or exists (select from sellers s where s.id = x.seller_id and s.email is not null))
    and not exists (select from mail_optouts o where o.seller_id = x.seller_id and o.kind = x.kind)
order by x.seller_id, x.cause
on conflict (seller_id, cause) do update set
    kind = case when m.waiting and m.kind = 'due' and excluded.kind = 'reminder' then m.kind else excluded.kind end,
    about = case when m.waiting then array(select distinct unnest(m.about || excluded.about)) else excluded.about end,
    waiting = m.at > excluded.at - interval '24 hours', position = excluded.position,
    at = case when m.at > excluded.at - interval '24 hours' then m.at else excluded.at end
returning seller_id, cause, kind, about, waiting, position, at;

-- name: InsertMails :exec
-- Each is about what those of its cause are, too, that are still to be sent: it is sent in their place.
insert into mails (id, seller_id, cause, kind, about, created_at, position)
select x.id, x.seller_id, x.cause, x.kind, array(
        select unnest(x.about)
        union select unnest(n.about) from mails n where n.seller_id = x.seller_id and n.cause = x.cause and n.settled_at is null
    ), sqlc.arg(at)::timestamptz, x.position
from json_to_recordset(sqlc.arg(mails)::json) as x(id text, seller_id text, cause text, kind text, about text[], position bigint);

-- name: WaitingMails :many
-- Those whose day has passed, with what was last published of their sellers, when these were last told that something was
-- switched off, and whether they have since ended such mails. Locked until they are settled; in the order of the index, so that
-- those that wait no more are not read.
select c.seller_id, c.cause, c.kind, c.about, c.at, c.position, s.readiness, off.at as off_at,
    (c.seller_id = '' or s.email is not null)::boolean as reachable,
    exists (select from mail_optouts o where o.seller_id = c.seller_id and o.kind = c.kind)::boolean as unwanted
from mail_causes c left join sellers s on s.id = c.seller_id
    left join mail_causes off on off.seller_id = c.seller_id and off.cause = 'switched_off'
where c.waiting and c.at <= sqlc.arg(at)::timestamptz - interval '24 hours'
order by c.at limit sqlc.arg(n) for update of c skip locked;

-- name: SettleWaiting :exec
-- These wait no more; those that are mailed are so at this moment.
update mail_causes c set waiting = false, at = case when x.mailed then sqlc.arg(at)::timestamptz else c.at end
from json_to_recordset(sqlc.arg(settled)::json) as x(seller_id text, cause text, mailed boolean)
where c.seller_id = x.seller_id and c.cause = x.cause;

-- name: MailToSend :many
-- The mail, with whom it goes to and what was last published of the seller; none where it is settled. unwanted: the seller has
-- ended such mails. later: there is another of its cause since, which is wanted.
select m.id, m.seller_id, m.cause, m.kind, m.about, m.created_at, s.email, s.readiness, l.language,
    exists (select from mail_optouts o where o.seller_id = m.seller_id and o.kind = m.kind)::boolean as unwanted,
    exists (
        select from mails n where n.seller_id = m.seller_id and n.cause = m.cause and n.id > m.id
            and not exists (select from mail_optouts o where o.seller_id = n.seller_id and o.kind = n.kind)
    )::boolean as later
from mails m left join sellers s on s.id = m.seller_id left join seller_languages l on l.seller_id = m.seller_id
where m.id = sqlc.arg(id) and m.settled_at is null;

-- name: SettleMail :exec
-- What has become of the mail. The day until the next of its cause begins when it was sent; where it was not, there is none.
with settled as (
    update mails set settled_at = sqlc.arg(at)::timestamptz, outcome = sqlc.arg(outcome)::text, why = nullif(sqlc.arg(why)::text, '')
    where id = sqlc.arg(id) and settled_at is null
    returning seller_id, cause, created_at
)
update mail_causes c set at = case
    when sqlc.arg(outcome)::text = 'sent' then greatest(c.at, sqlc.arg(at)::timestamptz)
    when c.at = s.created_at then c.at - interval '24 hours'
    else c.at end
from settled s where c.seller_id = s.seller_id and c.cause = s.cause;

-- name: MailNotSent :exec
-- An attempt has failed; there will be another.
update mails set failing_since = coalesce(failing_since, sqlc.arg(at)::timestamptz), why = sqlc.arg(why)::text
where id = sqlc.arg(id) and settled_at is null;

-- name: CountOpenMails :one
-- How many mails that were made before are still to be sent.
select count(*) from mails where settled_at is null and created_at < sqlc.arg(before)::timestamptz;

-- name: InsertUnsubscribeToken :exec
insert into mail_unsubscribe_tokens (token_hash, mail_id) values (sqlc.arg(token_hash), sqlc.arg(mail_id));

-- name: UnsubscribeTokenKnown :one
select exists (select from mail_unsubscribe_tokens where token_hash = sqlc.arg(token_hash))::boolean as known;

-- name: Unsubscribe :execrows
insert into mail_optouts as o (seller_id, kind, at)
select m.seller_id, m.kind, sqlc.arg(at)::timestamptz from mail_unsubscribe_tokens t join mails m on m.id = t.mail_id
where t.token_hash = sqlc.arg(token_hash)
on conflict (seller_id, kind) do update set at = o.at;

-- name: KeepLanguage :exec
insert into seller_languages as l (seller_id, language) values (sqlc.arg(seller_id), sqlc.arg(language))
on conflict (seller_id) do update set language = excluded.language where l.language <> excluded.language;

-- name: ForgetLanguage :exec
delete from seller_languages where seller_id = sqlc.arg(seller_id);

-- name: PassesToReport :many
-- The passes that have found something since the last digest was made, or within a day, and until this one was.
select s.* from scans s
where s.finished_at <= sqlc.arg(until)::timestamptz
    and s.finished_at > coalesce((
        select max(m.created_at) from mails m where m.seller_id = '' and m.cause = 'digest' and m.outcome = 'sent' and m.id < sqlc.arg(mail_id)
    ), sqlc.arg(until)::timestamptz - interval '24 hours')
    and (s.state = 'stopped' or s.changed > 0 or s.disconnected > 0 or s.failed > 0 or s.held_back > 0)
order by s.finished_at;

-- name: EndpointSwitchedOff :many
-- The event endpoint, where it is switched off.
select id, url, failing_since, disabled_at from event_endpoints where id = sqlc.arg(id) and disabled_at is not null;

-- name: DeleteMails :one
-- The same as DeleteTold of mails.
with looked as (
    select m.created_at from mails m
    where m.created_at > sqlc.arg(after)::timestamptz and m.created_at < sqlc.arg(before)::timestamptz
    order by m.created_at fetch first (sqlc.arg(n)::bigint) rows with ties
), batch as materialized (
    select count(*) as n, max(created_at) as last from looked
), deleted as (
    delete from mails where ctid = any(array(
        select m.ctid from mails m
        where m.created_at > sqlc.arg(after)::timestamptz and m.created_at <= (select b.last from batch b)
        for update skip locked))
)
select n, coalesce(last, sqlc.arg(after)::timestamptz)::timestamptz as last from batch;

-- name: NewestMails :many
-- From before one.
select id from mails where id < sqlc.arg(before)::text order by id desc limit sqlc.arg(n);

-- name: MailsByKind :many
-- The newest from before one of these kinds and states; a state is the outcome, or open. Each pair is a range of the index. Its
-- last part is id || '', since a planner that expects many of a pair would walk the primary key for one that there is none of.
select r.id from unnest(sqlc.arg(kinds)::text[]) k (name) cross join unnest(sqlc.arg(states)::text[]) s (name) cross join lateral (
    select m.id from mails m
    where m.kind = k.name and coalesce(m.outcome, 'open') = s.name and m.id || '' < sqlc.arg(before)::text
    order by m.id || '' desc limit 101
) r
order by r.id desc limit sqlc.arg(n);

-- name: MailsOfSeller :many
-- The same of one seller, who is mailed about a cause once a day at most.
select m.id from mails m
where m.seller_id = sqlc.arg(seller_id) and m.id < sqlc.arg(before)::text
    and m.kind = any(sqlc.arg(kinds)::text[]) and coalesce(m.outcome, 'open') = any(sqlc.arg(states)::text[])
order by m.id desc limit sqlc.arg(n);

-- name: MailsByID :many
-- These, newest first, with the account of the change that each tells of, or else that its seller connected last, the language
-- that the seller reads now, and whether another of its cause has come since, or waits.
select sqlc.embed(m), l.language, (exists (
    select from mails n where n.seller_id = m.seller_id and n.cause = m.cause and n.id > m.id and n.outcome is distinct from 'dropped'
) or exists (select from mail_causes c where c.seller_id = m.seller_id and c.cause = m.cause and c.waiting))::boolean as anew, coalesce(h.account_id, (
    select a.id from accounts a where a.seller_id = m.seller_id order by a.connected_at desc limit 1
), '')::text as account_id
from mails m left join seller_languages l on l.seller_id = m.seller_id left join account_changes h on h.position = m.position
where m.id = any(sqlc.arg(ids)::text[]) order by m.id desc;

-- name: MailsThatWait :many
-- What waits for a day to pass since the last of its cause, the soonest first, from after one. Each kind is a range of the index.
select c.seller_id, c.cause, c.kind, c.about, c.at, c.position, coalesce(h.account_id, (
    select a.id from accounts a where a.seller_id = c.seller_id order by a.connected_at desc limit 1
), '')::text as account_id
from (
    select r.* from unnest(sqlc.arg(kinds)::text[]) k (name) cross join lateral (
        select w.* from mail_causes w
        where w.waiting and w.kind = k.name
            and (w.at, w.seller_id, w.cause) > (sqlc.arg(at)::timestamptz, sqlc.arg(seller_id)::text, sqlc.arg(cause)::text)
        order by w.at, w.seller_id, w.cause limit sqlc.arg(n)
    ) r
    order by r.at, r.seller_id, r.cause limit sqlc.arg(n)
) c left join account_changes h on h.position = c.position
order by c.at, c.seller_id, c.cause;

-- name: MailsOfSellerThatWait :many
-- The same of one seller.
select c.seller_id, c.cause, c.kind, c.about, c.at, c.position, coalesce(h.account_id, (
    select a.id from accounts a where a.seller_id = c.seller_id order by a.connected_at desc limit 1
), '')::text as account_id
from mail_causes c left join account_changes h on h.position = c.position
where c.waiting and c.seller_id = sqlc.arg(seller_id) and c.kind = any(sqlc.arg(kinds)::text[])
order by c.at, c.cause;

-- name: CountMails :one
-- How many are still to be sent, and how many wait for a day to pass since the last of their cause; each counted so far.
select
    (select count(*) from (select from mails m where m.settled_at is null limit sqlc.arg(most)) x)::bigint as open,
    (select count(*) from (select from mail_causes c where c.waiting limit sqlc.arg(most)) x)::bigint as waiting;

-- name: OldestFailingMail :many
-- Of the mails that are still to be sent the oldest, where an attempt has failed.
select m.failing_since, m.why from (
    select o.failing_since, o.why from mails o where o.settled_at is null order by o.created_at limit 1
) m where m.failing_since is not null;

-- name: SellersMail :many
-- Whether the seller can be written to, and in what language; none where the seller is not known.
select (s.email is not null)::boolean as reachable, l.language
from sellers s left join seller_languages l on l.seller_id = s.id where s.id = sqlc.arg(seller_id);

-- name: UnwantedMails :many
-- The kinds that the seller has ended.
select kind, at from mail_optouts where seller_id = sqlc.arg(seller_id) order by kind;

-- name: MailToSendAgain :many
-- Locked, so that whoever else has it made anew waits, and then finds the other.
select * from mails where id = sqlc.arg(id) for update;

-- name: MailMadeAnew :one
-- Whether another of the mail's cause has come since, or waits.
select (exists (
    select from mails n where n.seller_id = m.seller_id and n.cause = m.cause and n.id > m.id and n.outcome is distinct from 'dropped'
) or exists (select from mail_causes c where c.seller_id = m.seller_id and c.cause = m.cause and c.waiting))::boolean as anew
from mails m where m.id = sqlc.arg(id);
