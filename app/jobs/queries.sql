-- insert_job --
-- Record a job, unless the tenant used the idempotency key before
INSERT INTO jobs (job_id, tenant_id, kind, request, idempotency_key, request_digest)
VALUES (%(job_id)s, %(tenant_id)s, %(kind)s, %(request)s, %(idempotency_key)s, %(request_digest)s)
ON CONFLICT ON CONSTRAINT jobs_idempotency_key DO NOTHING
RETURNING *;

-- job_of_key --
-- The job that a tenant's idempotency key belongs to
SELECT * FROM jobs WHERE tenant_id = %(tenant_id)s AND idempotency_key = %(idempotency_key)s;

-- show_job --
-- A tenant's job
SELECT * FROM jobs WHERE job_id = %(job_id)s AND tenant_id = %(tenant_id)s;

-- start_job --
-- Begin an attempt at a job that is not over; earlier attempts can write no more
UPDATE jobs
SET status = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now()), progress = '[]',
    settled = false
WHERE job_id = %(job_id)s AND status IN ('queued', 'running')
RETURNING *;

-- report_job --
-- Say how far the current attempt at a job is
UPDATE jobs SET progress = %(progress)s
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'running'
RETURNING job_id;

-- settle_job --
-- Let the current attempt at a job commit what it did; from here on the job cannot be cancelled
UPDATE jobs SET settled = true
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'running'
RETURNING job_id;

-- requeue_job --
-- Give up the current attempt at a job: another one will follow
UPDATE jobs SET status = 'queued', settled = false
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'running';

-- succeed_job --
-- End the current attempt at a job with its result
UPDATE jobs SET status = 'succeeded', progress = %(progress)s, result = %(result)s, finished_at = now()
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'running';

-- fail_job --
-- End the current attempt at a job with an error
UPDATE jobs SET status = 'failed', error = %(error)s, finished_at = now()
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'running';

-- cancel_job --
-- Cancel a tenant's job that is not over; whoever runs it finds that it can write no more, and stops
UPDATE jobs SET status = 'cancelled', finished_at = now()
WHERE job_id = %(job_id)s AND tenant_id = %(tenant_id)s AND status IN ('queued', 'running') AND NOT settled
RETURNING *;

-- needed_uploads --
-- The uploads that unfinished jobs read
SELECT request ->> 'upload' AS upload FROM jobs
WHERE status IN ('queued', 'running') AND request ->> 'upload' <> '';

-- count_workers --
-- The workers that gave a sign of life within some seconds
SELECT count(*) AS workers FROM procrastinate_workers
WHERE last_heartbeat > now() - make_interval(secs => %(seconds)s);

-- unfinished_run --
-- The job that executes a plan and is not over
SELECT job_id FROM jobs
WHERE tenant_id = %(tenant_id)s AND kind = 'execute' AND status IN ('queued', 'running')
    AND request ->> 'masterplan_id' = %(masterplan_id)s
LIMIT 1;
