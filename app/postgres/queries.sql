-- server_version --
-- The version of the database server
SELECT current_setting('server_version') AS version;

-- find_migrations_table --
-- Whether the record of migrations exists
SELECT to_regclass('schema_migrations') IS NOT NULL AS exists;

-- create_migrations_table --
-- Make the record of migrations
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    source text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    milliseconds integer NOT NULL
);

-- list_migrations --
-- The migrations that ran, in order
SELECT version, source, checksum FROM schema_migrations ORDER BY version;

-- record_migration --
-- Note that a migration ran
INSERT INTO schema_migrations (version, source, checksum, milliseconds)
VALUES (%(version)s, %(source)s, %(checksum)s, %(milliseconds)s);

-- forget_migration --
-- Note that a migration was taken back
DELETE FROM schema_migrations WHERE version = %(version)s;

-- limit_lock_wait --
-- Wait no longer than this for locks in the transaction
SELECT set_config('lock_timeout', %(timeout)s, true);

-- lock_migrations --
-- Be the one migrator until the transaction ends
SELECT pg_advisory_xact_lock(hashtextextended('mge schema_migrations', 0));
