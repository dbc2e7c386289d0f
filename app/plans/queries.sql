-- insert_discovery --
-- Keep a discovery document
INSERT INTO discovery_documents (
    discovery_id, tenant_id, session_id, user_id, user_request, domain, bounded_contexts, aggregates, value_objects,
    domain_events, services, assumptions, clarifications_needed, risk_factors, llm_model, llm_cost_usd, simulated
) VALUES (
    %(discovery_id)s, %(tenant_id)s, %(session_id)s, %(user_id)s, %(user_request)s, %(domain)s, %(bounded_contexts)s,
    %(aggregates)s, %(value_objects)s, %(domain_events)s, %(services)s, %(assumptions)s, %(clarifications_needed)s,
    %(risk_factors)s, %(llm_model)s, %(llm_cost_usd)s, %(simulated)s
)
RETURNING *;

-- show_discovery --
-- A tenant's discovery document
SELECT * FROM discovery_documents WHERE discovery_id = %(discovery_id)s AND tenant_id = %(tenant_id)s;

-- insert_plan --
-- Keep a plan's own row; its totals follow its parts
INSERT INTO masterplans (
    masterplan_id, tenant_id, discovery_id, session_id, user_id, project_name, description, source, derived_from,
    tech_stack, architecture_style, calculated_task_count, complexity_metrics, task_breakdown, parallelization_level,
    calculation_rationale, estimated_cost_usd, estimated_duration_minutes, budget_usd, llm_model, provider, simulated,
    generation_cost_usd, generation_tokens, workspace_path, markdown_content
) VALUES (
    %(masterplan_id)s, %(tenant_id)s, %(discovery_id)s, %(session_id)s, %(user_id)s, %(project_name)s,
    %(description)s, %(source)s, %(derived_from)s, %(tech_stack)s, %(architecture_style)s,
    %(calculated_task_count)s, %(complexity_metrics)s, %(task_breakdown)s, %(parallelization_level)s,
    %(calculation_rationale)s, %(estimated_cost_usd)s, %(estimated_duration_minutes)s, %(budget_usd)s,
    %(llm_model)s, %(provider)s, %(simulated)s, %(generation_cost_usd)s, %(generation_tokens)s,
    %(workspace_path)s, %(markdown_content)s
);

-- update_plan_content --
-- Put an edited plan's own row in place of the one before
UPDATE masterplans
SET project_name = %(project_name)s, description = %(description)s, tech_stack = %(tech_stack)s,
    architecture_style = %(architecture_style)s, calculated_task_count = %(calculated_task_count)s,
    complexity_metrics = %(complexity_metrics)s, task_breakdown = %(task_breakdown)s,
    parallelization_level = %(parallelization_level)s, calculation_rationale = %(calculation_rationale)s,
    markdown_content = %(markdown_content)s, version = version + 1, status = 'draft'
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
RETURNING version;

-- insert_phase --
-- Keep a phase
INSERT INTO masterplan_phases (phase_id, tenant_id, masterplan_id, phase_type, phase_number, name, description)
VALUES (
    %(phase_id)s, %(tenant_id)s, %(masterplan_id)s, %(phase_type)s, %(phase_number)s, %(name)s, %(description)s
);

-- insert_milestone --
-- Keep a milestone
INSERT INTO masterplan_milestones (
    milestone_id, tenant_id, masterplan_id, phase_id, milestone_number, name, description, depends_on_milestones
) VALUES (
    %(milestone_id)s, %(tenant_id)s, %(masterplan_id)s, %(phase_id)s, %(milestone_number)s, %(name)s,
    %(description)s, %(depends_on_milestones)s
);

-- insert_tasks --
-- Keep tasks, given as one JSON array
INSERT INTO masterplan_tasks (
    task_id, tenant_id, masterplan_id, milestone_id, task_number, name, description, complexity, task_type,
    depends_on_tasks, blocks_tasks, target_files
)
SELECT task_id, %(tenant_id)s, %(masterplan_id)s, milestone_id, task_number, name, description, complexity,
    task_type, depends_on_tasks, blocks_tasks, target_files
FROM jsonb_to_recordset(%(rows)s) AS given (
    task_id uuid, milestone_id uuid, task_number integer, name text, description text, complexity text,
    task_type text, depends_on_tasks uuid[], blocks_tasks uuid[], target_files text[]
);

-- insert_subtasks --
-- Keep subtasks, given as one JSON array
INSERT INTO masterplan_subtasks (
    subtask_id, tenant_id, masterplan_id, task_id, subtask_number, name, description, target_file
)
SELECT subtask_id, %(tenant_id)s, %(masterplan_id)s, task_id, subtask_number, name, description, target_file
FROM jsonb_to_recordset(%(rows)s) AS given (
    subtask_id uuid, task_id uuid, subtask_number integer, name text, description text, target_file text
);

-- insert_recorded_answers --
-- Keep the answers that a plan brings along, given as one JSON array
INSERT INTO recorded_answers (tenant_id, masterplan_id, label, attempt, response)
SELECT %(tenant_id)s, %(masterplan_id)s, label, attempt, response
FROM jsonb_to_recordset(%(rows)s) AS given (label text, attempt integer, response text);

-- recorded_answers --
-- The answers that a plan brought along
SELECT label, attempt, response FROM recorded_answers
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
ORDER BY label, attempt;

-- delete_parts --
-- Take away a plan's phases and all below them, before other ones take their place
DELETE FROM masterplan_phases WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- delete_recorded_answers --
-- Take away the answers that a plan brought along
DELETE FROM recorded_answers WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- delete_plan --
-- Delete a plan with everything in it
DELETE FROM masterplans WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
RETURNING workspace_path;

-- insert_version --
-- Keep a version of a plan as a document
INSERT INTO masterplan_versions (
    version_id, tenant_id, masterplan_id, version_number, change_description, snapshot, created_by
) VALUES (
    %(version_id)s, %(tenant_id)s, %(masterplan_id)s, %(version_number)s, %(change_description)s, %(snapshot)s,
    %(created_by)s
);

-- list_versions --
-- The versions of a plan, without their documents
SELECT version_number, change_description, created_by, created_at FROM masterplan_versions
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
ORDER BY version_number;

-- show_version --
-- The document of a plan's version
SELECT snapshot FROM masterplan_versions
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND version_number = %(version_number)s;

-- insert_event --
-- Add to a plan's history; a trigger numbers it
INSERT INTO masterplan_history (masterplan_id, tenant_id, task_id, event_type, event_data, actor, execution_mode)
SELECT masterplan_id, tenant_id, %(task_id)s, %(event_type)s, %(event_data)s, %(actor)s, execution_mode
FROM masterplans WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- events_after --
-- The history of a plan after a sequence number
SELECT masterplan_id, sequence, task_id, event_type, event_data, actor, created_at FROM masterplan_history
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND sequence > %(after)s
ORDER BY sequence LIMIT %(limit)s;

-- last_sequence --
-- The sequence number of a plan's newest event
SELECT coalesce(max(sequence), 0) AS sequence FROM masterplan_history
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- lock_plan --
-- Make the writers of a plan take turns, and return it as it is then
SELECT * FROM masterplans WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
FOR NO KEY UPDATE;

-- show_plan --
-- A tenant's plan
SELECT * FROM masterplans WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- find_plans --
-- A tenant's plans of that name, or whose id begins so, the newest first
SELECT masterplan_id FROM masterplans
WHERE tenant_id = %(tenant_id)s
    AND (project_name = %(plan)s OR masterplan_id::text = lower(%(plan)s)
        OR (length(%(plan)s) >= 8 AND starts_with(masterplan_id::text, lower(%(plan)s))))
ORDER BY created_at DESC, masterplan_id LIMIT 2;

-- list_plans --
-- A tenant's plans, by id
SELECT * FROM masterplans WHERE tenant_id = %(tenant_id)s AND masterplan_id > %(after)s
ORDER BY masterplan_id LIMIT %(limit)s;

-- phases_of --
-- The phases of a plan
SELECT * FROM masterplan_phases WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
ORDER BY phase_number;

-- milestones_of --
-- The milestones of a plan
SELECT * FROM masterplan_milestones WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
ORDER BY milestone_number;

-- tasks_of --
-- The tasks of a plan, without prompts, answers and logs
SELECT task_id, milestone_id, task_number, name, description, complexity, task_type, depends_on_tasks, status,
    target_files, modified_files, validation_passed, validation_errors, retry_count, max_retries, last_error,
    llm_model, llm_cost_usd, llm_tokens_input, llm_tokens_output, llm_cached_tokens, started_at, completed_at
FROM masterplan_tasks WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
ORDER BY task_number;

-- subtasks_of --
-- The subtasks of a plan
SELECT subtask_id, task_id, subtask_number, name, description, target_file, status, code
FROM masterplan_subtasks WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
ORDER BY task_id, subtask_number;

-- show_task --
-- A tenant's task, whole
SELECT * FROM masterplan_tasks WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s;

-- subtasks_of_task --
-- The subtasks of a task
SELECT subtask_id, task_id, subtask_number, name, description, target_file, status, code
FROM masterplan_subtasks WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s
ORDER BY subtask_number;

-- set_plan_status --
-- Move a plan to another status; the first start and the end leave their times
UPDATE masterplans
SET status = %(status)s,
    started_at = CASE WHEN %(status)s = 'in_progress' THEN coalesce(started_at, now()) ELSE started_at END,
    completed_at = CASE WHEN %(status)s IN ('completed', 'failed', 'cancelled') THEN now() END,
    actual_duration_minutes = CASE
        WHEN %(status)s IN ('completed', 'failed', 'cancelled')
            THEN round(extract(epoch FROM now() - coalesce(started_at, now())) / 60, 2)
        ELSE actual_duration_minutes
    END
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- set_run --
-- Note which provider and mode a run of a plan has, and where it works
UPDATE masterplans
SET execution_mode = %(execution_mode)s, provider = %(provider)s, llm_model = %(llm_model)s,
    simulated = simulated OR %(simulated)s, workspace_path = coalesce(workspace_path, %(workspace_path)s)
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- set_budget --
-- Give a plan another budget
UPDATE masterplans SET budget_usd = %(budget_usd)s
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- set_task_status --
-- Move a task to another status; start and end leave their times
UPDATE masterplan_tasks
SET status = %(status)s,
    started_at = CASE WHEN %(status)s = 'in_progress' THEN coalesce(started_at, now()) ELSE started_at END,
    completed_at = CASE WHEN %(status)s IN ('completed', 'failed', 'skipped') THEN now() END
WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s AND status = ANY (%(among)s)
RETURNING task_id;

-- note_answer --
-- Add what an answer was and cost to its task
UPDATE masterplan_tasks
SET llm_model = %(llm_model)s, llm_prompt = %(llm_prompt)s, llm_response = %(llm_response)s,
    llm_cost_usd = (
        SELECT coalesce(sum(cost_usd), 0) FROM llm_completions c
        WHERE c.task_id = masterplan_tasks.task_id AND c.tenant_id = %(tenant_id)s
    ),
    llm_tokens_input = (
        SELECT coalesce(sum(input_tokens + cache_read_tokens + cache_write_tokens), 0) FROM llm_completions c
        WHERE c.task_id = masterplan_tasks.task_id AND c.tenant_id = %(tenant_id)s
    ),
    llm_tokens_output = (
        SELECT coalesce(sum(output_tokens), 0) FROM llm_completions c
        WHERE c.task_id = masterplan_tasks.task_id AND c.tenant_id = %(tenant_id)s
    ),
    llm_cached_tokens = (
        SELECT coalesce(sum(cache_read_tokens), 0) FROM llm_completions c
        WHERE c.task_id = masterplan_tasks.task_id AND c.tenant_id = %(tenant_id)s
    )
WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s;

-- note_validation --
-- Keep what the checks of a task found
UPDATE masterplan_tasks
SET validation_passed = %(validation_passed)s, validation_errors = %(validation_errors)s,
    validation_logs = %(validation_logs)s, last_error = %(last_error)s, modified_files = %(modified_files)s
WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s;

-- count_retry --
-- Note that a task, or a part of it, is tried once more
UPDATE masterplan_tasks SET retry_count = retry_count + 1
WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s;

-- grant_retry --
-- Let a task that is over be tried once more than before
UPDATE masterplan_tasks
SET status = 'pending', max_retries = greatest(max_retries, retry_count + 1), completed_at = NULL
WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s
RETURNING task_id;

-- reset_subtasks --
-- Let some subtasks be written again; what they wrote stays until then
UPDATE masterplan_subtasks SET status = 'pending', completed_at = NULL
WHERE subtask_id = ANY (%(subtask_ids)s) AND tenant_id = %(tenant_id)s;

-- requeue_tasks --
-- Let tasks that a run left unfinished, or that were blocked, wait again
UPDATE masterplan_tasks SET status = 'pending'
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s
    AND status IN ('blocked', 'ready', 'in_progress', 'validating');

-- mark_ready --
-- Mark the waiting tasks of a plan whose dependencies are all completed as ready
UPDATE masterplan_tasks t SET status = 'ready'
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND status = 'pending'
    AND NOT EXISTS (
        SELECT FROM masterplan_tasks d
        WHERE d.task_id = ANY (t.depends_on_tasks) AND d.status <> 'completed'
    )
RETURNING task_id;

-- block_dependents --
-- Mark all tasks that depend on a task, however far, as blocked
WITH RECURSIVE dependents (task_id) AS (
    SELECT unnest(blocks_tasks) FROM masterplan_tasks WHERE task_id = %(task_id)s AND tenant_id = %(tenant_id)s
    UNION
    SELECT unnest(t.blocks_tasks) FROM masterplan_tasks t JOIN dependents USING (task_id)
)
UPDATE masterplan_tasks SET status = 'blocked'
WHERE task_id IN (SELECT task_id FROM dependents) AND tenant_id = %(tenant_id)s AND status IN ('pending', 'ready')
RETURNING task_id;

-- set_subtask_code --
-- Keep the part of a file that a subtask wrote
UPDATE masterplan_subtasks
SET code = %(code)s, status = 'completed', started_at = coalesce(started_at, now()), completed_at = now()
WHERE subtask_id = %(subtask_id)s AND tenant_id = %(tenant_id)s;

-- usage_of_plan --
-- What a plan's requests were and cost
SELECT count(*) AS completions, coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens, coalesce(sum(cache_read_tokens), 0)::bigint AS cache_read_tokens,
    coalesce(sum(cache_write_tokens), 0)::bigint AS cache_write_tokens, coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(seconds), 0) AS seconds, coalesce(bool_or(simulated), false) AS simulated
FROM llm_completions WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s;

-- delete_chunks --
-- Take files of a workspace out of the search
DELETE FROM workspace_chunks
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND path = ANY (%(paths)s);

-- insert_chunks --
-- Put pieces of a workspace's files into the search, given as one JSON array
INSERT INTO workspace_chunks (tenant_id, masterplan_id, path, chunk_number, start_line, content, words)
SELECT %(tenant_id)s, %(masterplan_id)s, path, chunk_number, start_line, content, words
FROM jsonb_to_recordset(%(rows)s) AS given (
    path text, chunk_number integer, start_line integer, content text, words text
);

-- search_chunks --
-- The pieces of a workspace that fit some words best, apart from those of some files
SELECT path, start_line, content, ts_rank_cd(search, query, 1) AS rank
FROM workspace_chunks, to_tsquery('simple', %(query)s) AS query
WHERE masterplan_id = %(masterplan_id)s AND tenant_id = %(tenant_id)s AND search @@ query
    AND path <> ALL (%(without)s)
ORDER BY rank DESC, path, chunk_number LIMIT %(limit)s;
