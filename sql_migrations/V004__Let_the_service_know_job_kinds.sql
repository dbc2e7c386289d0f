-- Which kinds of job there are is declared in one place, app/jobs/requests.py, and not once more here.
ALTER TABLE jobs DROP CONSTRAINT jobs_kind_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_is_named CHECK (kind <> '');
