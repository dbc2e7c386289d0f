-- find_completion --
-- A tenant's completion of a request
SELECT * FROM llm_completions WHERE tenant_id = %(tenant_id)s AND completion_key = %(completion_key)s;

-- lock_budget --
-- A plan's budget and what it has spent; nobody else reserves or spends until the transaction ends
SELECT budget_usd, actual_cost_usd + generation_cost_usd AS spent_usd FROM masterplans
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
FOR NO KEY UPDATE;

-- reserved_for_others --
-- What a plan's other requests under way may cost at most
SELECT coalesce(sum(amount_usd), 0) AS reserved_usd FROM llm_reservations
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
    AND completion_key <> %(completion_key)s AND expires_at > clock_timestamp();

-- claim_request --
-- Claim a request and reserve what it may cost, unless somebody holds it
INSERT INTO llm_reservations (
    tenant_id, completion_key, masterplan_id, claim_id, provider, model, holder, amount_usd, expires_at
)
VALUES (
    %(tenant_id)s, %(completion_key)s, %(masterplan_id)s, %(claim_id)s, %(provider)s, %(model)s, %(holder)s,
    %(amount_usd)s, clock_timestamp() + make_interval(secs => %(lease_seconds)s)
)
ON CONFLICT (tenant_id, completion_key) DO NOTHING
RETURNING claim_id;

-- end_expired_claim --
-- End the claim on a request that its holder did not renew, and record that the request was sent and never answered
WITH ended AS (
    DELETE FROM llm_reservations
    WHERE tenant_id = %(tenant_id)s AND completion_key = %(completion_key)s AND expires_at <= clock_timestamp()
    RETURNING *
)
INSERT INTO llm_requests (
    tenant_id, completion_key, masterplan_id, provider, model, attempt, outcome, detail, seconds
)
SELECT tenant_id, completion_key, masterplan_id, provider, model, 1, 'lost',
    'the claim of ' || holder || ' expired before the answer was kept',
    extract(epoch FROM clock_timestamp() - created_at)
FROM ended;

-- renew_claim --
-- Hold a claim for longer
UPDATE llm_reservations SET expires_at = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
WHERE tenant_id = %(tenant_id)s AND completion_key = %(completion_key)s AND claim_id = %(claim_id)s
RETURNING claim_id;

-- release_claim --
-- Give up a claim and what it reserved
DELETE FROM llm_reservations
WHERE tenant_id = %(tenant_id)s AND completion_key = %(completion_key)s AND claim_id = %(claim_id)s;

-- take_over_claims --
-- End the claims of a plan's earlier runs, and record that their requests were sent and never answered
WITH ended AS (
    DELETE FROM llm_reservations
    WHERE tenant_id = %(tenant_id)s AND masterplan_id = %(masterplan_id)s AND holder <> %(holder)s
    RETURNING *
)
INSERT INTO llm_requests (
    tenant_id, completion_key, masterplan_id, provider, model, attempt, outcome, detail, seconds
)
SELECT tenant_id, completion_key, masterplan_id, provider, model, 1, 'lost',
    'taken over from ' || holder || ', which ended before the answer was kept',
    extract(epoch FROM clock_timestamp() - created_at)
FROM ended;

-- insert_request --
-- Record a request that was sent
INSERT INTO llm_requests (
    tenant_id, completion_key, masterplan_id, provider, model, attempt, outcome, status_code, detail, cost_usd, seconds
)
VALUES (
    %(tenant_id)s, %(completion_key)s,
    (SELECT masterplan_id FROM masterplans WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s),
    %(provider)s, %(model)s, %(attempt)s, %(outcome)s, %(status_code)s, %(detail)s, %(cost_usd)s, %(seconds)s
);

-- insert_completion --
-- Keep an answer, unless the request has one; a plan or task that is gone by now is not named
INSERT INTO llm_completions (
    tenant_id, completion_key, masterplan_id, task_id, purpose, provider, model, request, response, stop_reason,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, simulated, seconds
)
VALUES (
    %(tenant_id)s, %(completion_key)s,
    (SELECT masterplan_id FROM masterplans WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s),
    (SELECT task_id FROM masterplan_tasks WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s),
    %(purpose)s, %(provider)s, %(model)s, %(request)s, %(response)s, %(stop_reason)s, %(input_tokens)s,
    %(output_tokens)s, %(cache_read_tokens)s, %(cache_write_tokens)s, %(cost_usd)s, %(simulated)s, %(seconds)s
)
ON CONFLICT (tenant_id, completion_key) DO NOTHING
RETURNING completion_key;

-- charge_execution --
-- Add what a request of a plan's run cost to the plan
UPDATE masterplans SET actual_cost_usd = actual_cost_usd + %(cost_usd)s
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND %(cost_usd)s > 0;

-- charge_generation --
-- Add what a request for the plan itself took to the plan
UPDATE masterplans
SET generation_cost_usd = generation_cost_usd + %(cost_usd)s, generation_tokens = generation_tokens + %(tokens)s
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND (%(cost_usd)s > 0 OR %(tokens)s > 0);

-- kept_among --
-- Which of some requests have a completion
SELECT completion_key FROM llm_completions
WHERE tenant_id = %(tenant_id)s AND completion_key = ANY (%(completion_keys)s);
