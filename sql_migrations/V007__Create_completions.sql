-- Answers of language models, kept before they are used: the same request is never bought twice.
CREATE TABLE llm_completions (
    tenant_id text NOT NULL,
    -- SHA-256 over provider, model, prompt and parameters
    completion_key text NOT NULL CHECK (completion_key ~ '^[0-9a-f]{64}$'),
    masterplan_id uuid REFERENCES masterplans ON DELETE SET NULL,
    task_id uuid REFERENCES masterplan_tasks ON DELETE SET NULL,
    purpose text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    request jsonb NOT NULL,
    response text NOT NULL,
    stop_reason text NOT NULL,
    input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
    output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens bigint NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_tokens bigint NOT NULL DEFAULT 0 CHECK (cache_write_tokens >= 0),
    cost_usd numeric(14, 8) NOT NULL CHECK (cost_usd >= 0),
    simulated boolean NOT NULL,
    seconds numeric(10, 3) NOT NULL CHECK (seconds >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, completion_key)
);
CREATE INDEX llm_completions_masterplan_id ON llm_completions (masterplan_id);
CREATE INDEX llm_completions_task_id ON llm_completions (task_id);

-- Every request that was sent, also those that failed.
CREATE TABLE llm_requests (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    completion_key text NOT NULL,
    masterplan_id uuid REFERENCES masterplans ON DELETE SET NULL,
    provider text NOT NULL,
    model text NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    outcome text NOT NULL,
    status_code integer,
    detail text NOT NULL DEFAULT '',
    -- what a request that failed was billed all the same; an answer's cost is its completion's
    cost_usd numeric(14, 8) NOT NULL DEFAULT 0 CHECK (cost_usd >= 0),
    seconds numeric(10, 3) NOT NULL CHECK (seconds >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX llm_requests_masterplan_id ON llm_requests (masterplan_id);
CREATE INDEX llm_requests_completion_key ON llm_requests (tenant_id, completion_key);

-- What calls under way may cost at most: held against a plan's budget until the answer is kept. It is also the claim on
-- the request: only who made it may send it.
CREATE TABLE llm_reservations (
    tenant_id text NOT NULL,
    completion_key text NOT NULL,
    masterplan_id uuid REFERENCES masterplans ON DELETE CASCADE,
    -- tells one claim from the next one on the same request
    claim_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    -- the run that holds it: a later attempt at the run takes it over
    holder text NOT NULL,
    amount_usd numeric(14, 8) NOT NULL CHECK (amount_usd >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, completion_key)
);
CREATE INDEX llm_reservations_masterplan_id ON llm_reservations (masterplan_id);

-- Answers that a plan brings along, by the label of the request: the providers `recorded` and `replay` give these.
CREATE TABLE recorded_answers (
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    label text NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    response text NOT NULL,
    PRIMARY KEY (masterplan_id, label, attempt)
);
