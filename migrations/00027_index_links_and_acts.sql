-- oldest: 19
-- +goose Up

-- Who did something to a link, and what the holder of a key did last.
create index audit_by_subject on audit (subject, id) where subject is not null;
create index audit_by_actor on audit (actor, id);

-- Links as admins look through them, those that end last first: all, and a seller's. Nothing is built behind the drop, which
-- keeps everybody from reading links.
create index onboarding_links_by_end on onboarding_links (expires_at, id);
create index onboarding_links_by_seller_and_end on onboarding_links (seller_id, expires_at, id);
drop index onboarding_links_by_seller;

-- +goose Down
create index onboarding_links_by_seller on onboarding_links (seller_id);
drop index onboarding_links_by_seller_and_end;
drop index onboarding_links_by_end;
drop index audit_by_actor;
drop index audit_by_subject;
