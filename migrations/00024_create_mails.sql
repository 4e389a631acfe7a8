-- oldest: 19
-- +goose Up

-- When each seller was last mailed about a cause, and of which kind the mail was; seller_id is empty for what admins are mailed.
-- The row is what keeps mails a day apart: whoever makes one moves at, or finds that it is too early and has waiting set. about
-- names what was switched, of the mails that tell that.
create table mail_causes (
    seller_id text        not null collate "C",
    cause     text        not null collate "C",
    kind      text        not null,
    at        timestamptz not null,
    about     text[]      not null default '{}',
    waiting   boolean     not null default false,
    primary key (seller_id, cause)
);

create index mail_causes_waiting on mail_causes (at) where waiting;

-- A mail that is to be sent, or was. Whom it goes to and what it says is read when it is sent: no address and no name is here.
create table mails (
    id         text        primary key collate "C", -- in the order of time; the Message-ID begins with it
    seller_id  text        not null collate "C",
    cause      text        not null collate "C",
    kind       text        not null,
    about      text[]      not null default '{}',
    created_at timestamptz not null,
    settled_at timestamptz,
    outcome    text        check (outcome in ('sent', 'dropped', 'refused', 'failed')),
    check ((settled_at is null) = (outcome is null))
);

create index mails_by_cause on mails (seller_id, cause, id);
create index mails_by_age on mails (created_at);
create index mails_open on mails (created_at) where settled_at is null;

-- What each reminder ends reminders by, stored as its SHA-256.
create table mail_unsubscribe_tokens (
    token_hash bytea primary key,
    mail_id    text  not null collate "C" references mails (id) on delete cascade
);

create index mail_unsubscribe_tokens_by_mail on mail_unsubscribe_tokens (mail_id);

-- The kinds of mail that a seller wants no more.
create table mail_optouts (
    seller_id text        not null collate "C",
    kind      text        not null,
    at        timestamptz not null,
    primary key (seller_id, kind)
);

-- The language that a seller's page was last shown in, by its tag.
create table seller_languages (
    seller_id text primary key collate "C",
    language  text not null
);

-- +goose Down
drop table seller_languages;
drop table mail_optouts;
drop table mail_unsubscribe_tokens;
drop table mails;
drop table mail_causes;
