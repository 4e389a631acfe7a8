-- +goose Up

-- A database made anew begins at an epoch of its own, the microseconds since 1970 (JavaScript counts as far until 2255): a
-- cursor of the one before it fits none that comes after.
update feed set epoch = (extract(epoch from clock_timestamp()) * 1000000)::bigint where position = 0 and epoch = 1;

-- +goose Down
update feed set epoch = 1 where position = 0;
