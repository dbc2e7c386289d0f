DELETE FROM jobs WHERE kind NOT IN ('import', 'build');
ALTER TABLE jobs DROP CONSTRAINT jobs_kind_is_named;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_check CHECK (kind IN ('import', 'build'));
