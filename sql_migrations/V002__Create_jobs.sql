-- A job is the service's own record of long work: what was asked, how far it is, how it ended. The queue's
-- row (procrastinate_jobs) only says that a worker should look at it, and goes when the work ends.
CREATE TABLE jobs (
    job_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('import', 'build')),
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    request jsonb NOT NULL,
    progress jsonb NOT NULL DEFAULT '[]',
    result jsonb,
    error jsonb,
    idempotency_key text,
    request_digest text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT jobs_idempotency_key UNIQUE (tenant_id, idempotency_key),
    CONSTRAINT jobs_key_has_digest CHECK ((idempotency_key IS NULL) = (request_digest IS NULL)),
    CONSTRAINT jobs_result_when_succeeded CHECK ((status = 'succeeded') = (result IS NOT NULL)),
    CONSTRAINT jobs_error_when_failed CHECK ((status = 'failed') = (error IS NOT NULL)),
    CONSTRAINT jobs_finished_when_over
        CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);

-- For "which uploads does a job still need".
CREATE INDEX jobs_unfinished ON jobs (created_at) WHERE status IN ('queued', 'running');
