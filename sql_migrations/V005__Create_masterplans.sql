-- The plans of the MVP: request -> discovery document -> masterplan -> phases -> milestones -> tasks -> subtasks.
-- Every row carries its tenant, and its row_version, which the sync layer guards the graph's copy with.

CREATE TABLE discovery_documents (
    discovery_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    user_request text NOT NULL CHECK (user_request <> ''),
    domain text NOT NULL,
    bounded_contexts jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(bounded_contexts) = 'array'),
    aggregates jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(aggregates) = 'array'),
    value_objects jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(value_objects) = 'array'),
    domain_events jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(domain_events) = 'array'),
    services jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(services) = 'array'),
    assumptions jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(assumptions) = 'array'),
    clarifications_needed jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(clarifications_needed) = 'array'),
    risk_factors jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(risk_factors) = 'array'),
    llm_model text NOT NULL,
    llm_cost_usd numeric(14, 8) NOT NULL DEFAULT 0 CHECK (llm_cost_usd >= 0),
    simulated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX discovery_documents_of_tenant ON discovery_documents (tenant_id, created_at);

CREATE TABLE masterplans (
    masterplan_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    discovery_id uuid REFERENCES discovery_documents ON DELETE RESTRICT,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    project_name text NOT NULL CHECK (project_name <> ''),
    description text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'draft' CHECK (
        status IN ('draft', 'approved', 'rejected', 'in_progress', 'paused', 'completed', 'failed', 'cancelled')
    ),
    source text NOT NULL DEFAULT 'generated' CHECK (source IN ('generated', 'imported', 'derived')),
    -- the graph's plan that a derived plan was made of
    derived_from text,
    tech_stack jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tech_stack) = 'object'),
    architecture_style text NOT NULL DEFAULT '',
    total_phases integer NOT NULL DEFAULT 0 CHECK (total_phases >= 0),
    total_milestones integer NOT NULL DEFAULT 0 CHECK (total_milestones >= 0),
    total_tasks integer NOT NULL DEFAULT 0 CHECK (total_tasks >= 0),
    total_subtasks integer NOT NULL DEFAULT 0 CHECK (total_subtasks >= 0),
    calculated_task_count integer CHECK (calculated_task_count >= 0),
    complexity_metrics jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(complexity_metrics) = 'object'),
    task_breakdown jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(task_breakdown) = 'object'),
    parallelization_level integer CHECK (parallelization_level >= 1),
    calculation_rationale text NOT NULL DEFAULT '',
    completed_tasks integer NOT NULL DEFAULT 0 CHECK (completed_tasks >= 0),
    failed_tasks integer NOT NULL DEFAULT 0 CHECK (failed_tasks >= 0),
    skipped_tasks integer NOT NULL DEFAULT 0 CHECK (skipped_tasks >= 0),
    progress_percent numeric(5, 2) NOT NULL DEFAULT 0 CHECK (progress_percent BETWEEN 0 AND 100),
    estimated_cost_usd numeric(14, 8) CHECK (estimated_cost_usd >= 0),
    actual_cost_usd numeric(14, 8) NOT NULL DEFAULT 0 CHECK (actual_cost_usd >= 0),
    budget_usd numeric(14, 8) CHECK (budget_usd >= 0),
    estimated_duration_minutes numeric(10, 2) CHECK (estimated_duration_minutes >= 0),
    actual_duration_minutes numeric(10, 2) CHECK (actual_duration_minutes >= 0),
    llm_model text NOT NULL DEFAULT '',
    provider text NOT NULL DEFAULT '',
    simulated boolean NOT NULL DEFAULT false,
    generation_cost_usd numeric(14, 8) NOT NULL DEFAULT 0 CHECK (generation_cost_usd >= 0),
    generation_tokens bigint NOT NULL DEFAULT 0 CHECK (generation_tokens >= 0),
    workspace_path text CHECK (workspace_path !~ '(^/|(^|/)\.\.(/|$))'),
    markdown_content text NOT NULL DEFAULT '',
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    row_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT masterplans_tasks_add_up CHECK (completed_tasks + failed_tasks + skipped_tasks <= total_tasks)
);
CREATE INDEX masterplans_discovery_id ON masterplans (discovery_id);
CREATE INDEX masterplans_of_tenant ON masterplans (tenant_id, created_at);
CREATE INDEX masterplans_status ON masterplans (status);

CREATE TABLE masterplan_phases (
    phase_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    phase_type text NOT NULL CHECK (phase_type IN ('setup', 'core', 'polish')),
    phase_number integer NOT NULL CHECK (phase_number >= 1),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    total_milestones integer NOT NULL DEFAULT 0 CHECK (total_milestones >= 0),
    total_tasks integer NOT NULL DEFAULT 0 CHECK (total_tasks >= 0),
    completed_tasks integer NOT NULL DEFAULT 0 CHECK (completed_tasks >= 0),
    progress_percent numeric(5, 2) NOT NULL DEFAULT 0 CHECK (progress_percent BETWEEN 0 AND 100),
    row_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT masterplan_phases_number UNIQUE (masterplan_id, phase_number)
);

CREATE TABLE masterplan_milestones (
    milestone_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    phase_id uuid NOT NULL REFERENCES masterplan_phases ON DELETE CASCADE,
    milestone_number integer NOT NULL CHECK (milestone_number >= 1),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    depends_on_milestones uuid[] NOT NULL DEFAULT '{}',
    total_tasks integer NOT NULL DEFAULT 0 CHECK (total_tasks >= 0),
    completed_tasks integer NOT NULL DEFAULT 0 CHECK (completed_tasks >= 0),
    progress_percent numeric(5, 2) NOT NULL DEFAULT 0 CHECK (progress_percent BETWEEN 0 AND 100),
    row_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT masterplan_milestones_number UNIQUE (masterplan_id, milestone_number)
);
CREATE INDEX masterplan_milestones_phase_id ON masterplan_milestones (phase_id);

CREATE TABLE masterplan_tasks (
    task_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    milestone_id uuid NOT NULL REFERENCES masterplan_milestones ON DELETE CASCADE,
    task_number integer NOT NULL CHECK (task_number >= 1),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    complexity text NOT NULL DEFAULT 'medium' CHECK (complexity IN ('low', 'medium', 'high', 'critical')),
    task_type text NOT NULL DEFAULT 'implementation'
        CHECK (task_type IN ('setup', 'implementation', 'test', 'documentation')),
    depends_on_tasks uuid[] NOT NULL DEFAULT '{}',
    blocks_tasks uuid[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending' CHECK (
        status IN (
            'pending', 'ready', 'in_progress', 'validating', 'completed', 'failed', 'skipped', 'blocked'
        )
    ),
    target_files text[] NOT NULL DEFAULT '{}',
    modified_files text[] NOT NULL DEFAULT '{}',
    llm_model text NOT NULL DEFAULT '',
    llm_prompt text NOT NULL DEFAULT '',
    llm_response text NOT NULL DEFAULT '',
    llm_cost_usd numeric(14, 8) NOT NULL DEFAULT 0 CHECK (llm_cost_usd >= 0),
    llm_tokens_input bigint NOT NULL DEFAULT 0 CHECK (llm_tokens_input >= 0),
    llm_tokens_output bigint NOT NULL DEFAULT 0 CHECK (llm_tokens_output >= 0),
    llm_cached_tokens bigint NOT NULL DEFAULT 0 CHECK (llm_cached_tokens >= 0),
    validation_passed boolean,
    validation_errors jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(validation_errors) = 'array'),
    validation_logs text NOT NULL DEFAULT '',
    retry_count integer NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    max_retries integer NOT NULL DEFAULT 1 CHECK (max_retries >= 0),
    last_error text NOT NULL DEFAULT '',
    row_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT masterplan_tasks_number UNIQUE (masterplan_id, task_number),
    CONSTRAINT masterplan_tasks_not_on_itself CHECK (task_id <> ALL (depends_on_tasks))
);
CREATE INDEX masterplan_tasks_milestone_id ON masterplan_tasks (milestone_id);
CREATE INDEX masterplan_tasks_status ON masterplan_tasks (masterplan_id, status);

CREATE TABLE masterplan_subtasks (
    subtask_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    task_id uuid NOT NULL REFERENCES masterplan_tasks ON DELETE CASCADE,
    subtask_number integer NOT NULL CHECK (subtask_number >= 1),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    target_file text NOT NULL DEFAULT '',
    -- the part of the target file that this subtask wrote: a file is its parts in order
    code text,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'in_progress', 'completed', 'failed', 'skipped')),
    completed boolean NOT NULL GENERATED ALWAYS AS (status = 'completed') STORED,
    row_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT masterplan_subtasks_number UNIQUE (task_id, subtask_number)
);
CREATE INDEX masterplan_subtasks_masterplan_id ON masterplan_subtasks (masterplan_id);

CREATE TABLE masterplan_versions (
    version_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    version_number integer NOT NULL CHECK (version_number >= 1),
    change_description text NOT NULL,
    snapshot jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT masterplan_versions_number UNIQUE (masterplan_id, version_number)
);

CREATE TABLE masterplan_history (
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    -- counts from 1 in each plan without gaps, in the order of commits: see number_history
    sequence bigint NOT NULL,
    tenant_id text NOT NULL,
    -- no foreign key: an event outlives the task that an edit of the plan removed
    task_id uuid,
    event_type text NOT NULL CHECK (event_type <> ''),
    event_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(event_data) = 'object'),
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (masterplan_id, sequence)
);
CREATE INDEX masterplan_history_task_id ON masterplan_history (task_id) WHERE task_id IS NOT NULL;

CREATE FUNCTION touch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.row_version := OLD.row_version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE TRIGGER touch BEFORE UPDATE ON masterplans FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER touch BEFORE UPDATE ON masterplan_phases FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER touch BEFORE UPDATE ON masterplan_milestones FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER touch BEFORE UPDATE ON masterplan_tasks FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER touch BEFORE UPDATE ON masterplan_subtasks FOR EACH ROW EXECUTE FUNCTION touch_row();

-- The lock on the plan makes its writers take turns, so a reader that has seen sequence n has seen all before it.
CREATE FUNCTION number_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM masterplans WHERE masterplan_id = NEW.masterplan_id FOR NO KEY UPDATE;
    SELECT coalesce(max(sequence), 0) + 1 INTO NEW.sequence
    FROM masterplan_history WHERE masterplan_id = NEW.masterplan_id;
    PERFORM pg_notify('masterplan_history', NEW.masterplan_id::text);
    RETURN NEW;
END $$;
CREATE TRIGGER number BEFORE INSERT ON masterplan_history FOR EACH ROW EXECUTE FUNCTION number_history();

CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- a plan that is deleted takes its history with it; its row is gone by then
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM masterplans WHERE masterplan_id = OLD.masterplan_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'masterplan_history is append only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON masterplan_history FOR EACH ROW EXECUTE FUNCTION keep_history();

-- Totals and progress follow the tasks, whoever changes them.
CREATE FUNCTION refresh_totals(plans uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE masterplan_milestones m
    SET total_tasks = c.total, completed_tasks = c.completed,
        progress_percent = round(100.0 * c.over / greatest(c.total, 1), 2)
    FROM (
        SELECT milestone_id, count(task_id) AS total, count(*) FILTER (WHERE t.status = 'completed') AS completed,
            count(*) FILTER (WHERE t.status IN ('completed', 'failed', 'skipped')) AS over
        FROM masterplan_milestones LEFT JOIN masterplan_tasks t USING (milestone_id)
        WHERE masterplan_milestones.masterplan_id = ANY (plans) GROUP BY milestone_id
    ) c
    WHERE m.milestone_id = c.milestone_id
        AND (m.total_tasks, m.completed_tasks, m.progress_percent)
            IS DISTINCT FROM (c.total, c.completed, round(100.0 * c.over / greatest(c.total, 1), 2));

    UPDATE masterplan_phases p
    SET total_milestones = c.milestones, total_tasks = c.total, completed_tasks = c.completed,
        progress_percent = round(100.0 * c.over / greatest(c.total, 1), 2)
    FROM (
        SELECT masterplan_phases.phase_id, count(DISTINCT m.milestone_id) AS milestones, count(task_id) AS total,
            count(*) FILTER (WHERE t.status = 'completed') AS completed,
            count(*) FILTER (WHERE t.status IN ('completed', 'failed', 'skipped')) AS over
        FROM masterplan_phases LEFT JOIN masterplan_milestones m USING (phase_id)
            LEFT JOIN masterplan_tasks t USING (milestone_id)
        WHERE masterplan_phases.masterplan_id = ANY (plans) GROUP BY masterplan_phases.phase_id
    ) c
    WHERE p.phase_id = c.phase_id
        AND (p.total_milestones, p.total_tasks, p.completed_tasks, p.progress_percent) IS DISTINCT FROM
            (c.milestones, c.total, c.completed, round(100.0 * c.over / greatest(c.total, 1), 2));

    UPDATE masterplans p
    SET total_phases = c.phases, total_milestones = c.milestones, total_tasks = c.total,
        total_subtasks = c.subtasks, completed_tasks = c.completed, failed_tasks = c.failed,
        skipped_tasks = c.skipped,
        progress_percent = round(100.0 * (c.completed + c.failed + c.skipped) / greatest(c.total, 1), 2)
    FROM (
        SELECT given.id,
            (SELECT count(*) FROM masterplan_phases WHERE masterplan_id = given.id) AS phases,
            (SELECT count(*) FROM masterplan_milestones WHERE masterplan_id = given.id) AS milestones,
            (SELECT count(*) FROM masterplan_subtasks WHERE masterplan_id = given.id) AS subtasks,
            count(t.task_id) AS total,
            count(*) FILTER (WHERE t.status = 'completed') AS completed,
            count(*) FILTER (WHERE t.status = 'failed') AS failed,
            count(*) FILTER (WHERE t.status = 'skipped') AS skipped
        FROM unnest(plans) AS given (id) LEFT JOIN masterplan_tasks t ON t.masterplan_id = given.id
        GROUP BY given.id
    ) c
    WHERE p.masterplan_id = c.id
        AND (p.total_phases, p.total_milestones, p.total_tasks, p.total_subtasks, p.completed_tasks,
            p.failed_tasks, p.skipped_tasks)
            IS DISTINCT FROM (c.phases, c.milestones, c.total, c.subtasks, c.completed, c.failed, c.skipped);
$$;

CREATE FUNCTION refresh_totals_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_totals(ARRAY(SELECT DISTINCT masterplan_id FROM changed));
    RETURN NULL;
END $$;

CREATE TRIGGER totals_inserted AFTER INSERT ON masterplan_phases REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_deleted AFTER DELETE ON masterplan_phases REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_inserted AFTER INSERT ON masterplan_milestones REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_deleted AFTER DELETE ON masterplan_milestones REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_inserted AFTER INSERT ON masterplan_tasks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_updated AFTER UPDATE ON masterplan_tasks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_deleted AFTER DELETE ON masterplan_tasks REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_inserted AFTER INSERT ON masterplan_subtasks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
CREATE TRIGGER totals_deleted AFTER DELETE ON masterplan_subtasks REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_totals_of_changed();
