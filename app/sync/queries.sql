-- lock_mirror --
-- Be the one writer of the mirror until the transaction ends, if nobody is; the database ends it where its owner is not heard of for as long as the lease. Times are told in UTC meanwhile
SELECT set_config('TimeZone', 'UTC', true) AS zone,
    set_config('idle_in_transaction_session_timeout', %(lease)s, true) AS lease,
    pg_try_advisory_xact_lock(hashtextextended('mge sync mirror', 0)) AS locked;

-- claim --
-- The oldest changes that the graph does not know yet
SELECT outbox_id, tenant_id, masterplan_id, entity, entity_id, operation, row_version
FROM sync_outbox ORDER BY outbox_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- finish --
-- Take away changes that the graph knows now
DELETE FROM sync_outbox WHERE outbox_id = ANY(%(outbox_ids)s::bigint[]);

-- bury --
-- Put changes of a row that can never be applied aside, with the reason
INSERT INTO sync_dead_letters (
    outbox_id, tenant_id, masterplan_id, entity, entity_id, operation, row_version, created_at, reason
)
SELECT outbox_id, tenant_id, masterplan_id, entity, entity_id, operation, row_version, created_at, %(reason)s
FROM sync_outbox WHERE outbox_id = ANY(%(outbox_ids)s::bigint[]);

-- unbury --
-- Forget what could not be applied of rows that are applied now
DELETE FROM sync_dead_letters d
USING unnest(%(kinds)s::text[], %(ids)s::uuid[]) AS applied (entity, entity_id)
WHERE d.entity = applied.entity AND d.entity_id = applied.entity_id;

-- rows --
-- Parts of masterplans as they are now: those of whole plans, and those of the given ids. Of the plans also which parts have changes in the outbox, in one snapshot with the rows; a part that is only there is gone
WITH mirrored AS (
    SELECT 'plan' AS kind, masterplan_id AS id, masterplan_id, tenant_id, NULL::uuid AS parent_id,
        '{}'::uuid[] AS needs,
        to_jsonb(p) - '{masterplan_id,markdown_content}'::text[] || jsonb_build_object(
            'plan_id', masterplan_id, 'tech_stack', tech_stack::text,
            'complexity_metrics', complexity_metrics::text, 'task_breakdown', task_breakdown::text
        ) AS properties
    FROM masterplans p WHERE masterplan_id = ANY(%(plans)s::uuid[] || %(plan_parts)s::uuid[])
    UNION ALL
    SELECT 'phase', phase_id, masterplan_id, tenant_id, masterplan_id, '{}'::uuid[],
        to_jsonb(p) - '{masterplan_id}'::text[] || jsonb_build_object('plan_id', masterplan_id)
    FROM masterplan_phases p
    WHERE masterplan_id = ANY(%(plans)s::uuid[]) OR phase_id = ANY(%(phase_parts)s::uuid[])
    UNION ALL
    SELECT 'milestone', milestone_id, masterplan_id, tenant_id, phase_id, depends_on_milestones,
        to_jsonb(m) - '{masterplan_id,phase_id,depends_on_milestones}'::text[]
        || jsonb_build_object('plan_id', masterplan_id)
    FROM masterplan_milestones m
    WHERE masterplan_id = ANY(%(plans)s::uuid[]) OR milestone_id = ANY(%(milestone_parts)s::uuid[])
    UNION ALL
    SELECT 'task', task_id, masterplan_id, tenant_id, milestone_id, depends_on_tasks,
        to_jsonb(t) - ARRAY[
            'masterplan_id', 'milestone_id', 'depends_on_tasks', 'blocks_tasks', 'llm_prompt', 'llm_response',
            'validation_logs'
        ] || jsonb_build_object('plan_id', masterplan_id, 'validation_errors', validation_errors::text)
    FROM masterplan_tasks t
    WHERE masterplan_id = ANY(%(plans)s::uuid[]) OR task_id = ANY(%(task_parts)s::uuid[])
    UNION ALL
    SELECT 'subtask', subtask_id, masterplan_id, tenant_id, task_id, '{}'::uuid[],
        to_jsonb(s) - '{masterplan_id,task_id,code}'::text[] || jsonb_build_object('plan_id', masterplan_id)
    FROM masterplan_subtasks s
    WHERE masterplan_id = ANY(%(plans)s::uuid[]) OR subtask_id = ANY(%(subtask_parts)s::uuid[])
),
changed AS (
    SELECT DISTINCT entity AS kind, entity_id AS id FROM sync_outbox
    WHERE masterplan_id = ANY(%(plans)s::uuid[])
)
SELECT kind, id, masterplan_id, tenant_id, parent_id, needs, properties, changed.id IS NOT NULL AS pending
FROM mirrored FULL JOIN changed USING (kind, id);

-- dependants --
-- The tasks and milestones of some plans that depend on given ones, each with all that it depends on
SELECT 'task' AS kind, task_id AS id, depends_on_tasks AS needs FROM masterplan_tasks
WHERE masterplan_id = ANY(%(plans)s::uuid[]) AND depends_on_tasks && %(ids)s::uuid[]
UNION ALL
SELECT 'milestone', milestone_id, depends_on_milestones FROM masterplan_milestones
WHERE masterplan_id = ANY(%(plans)s::uuid[]) AND depends_on_milestones && %(ids)s::uuid[];

-- plans_of_tenant --
-- The plans of a tenant, and those that it had, as far as the graph does not know yet that they are gone
SELECT masterplan_id FROM masterplans WHERE tenant_id = %(tenant_id)s
UNION
SELECT masterplan_id FROM sync_outbox WHERE tenant_id = %(tenant_id)s
ORDER BY masterplan_id;

-- tenants_plan --
-- Which of its plans a tenant means, by id or by name; the newest first
SELECT masterplan_id FROM masterplans
WHERE tenant_id = %(tenant_id)s AND (masterplan_id::text = %(plan)s OR project_name = %(plan)s)
ORDER BY masterplan_id::text = %(plan)s DESC, created_at DESC LIMIT 1;

-- lag --
-- How many changes of a tenant's the graph does not know yet, and since when, by the database's clock
SELECT count(*) AS rows, count(DISTINCT masterplan_id) AS plans,
    coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS seconds
FROM sync_outbox WHERE tenant_id = %(tenant_id)s;

-- dead_letters --
-- The changes of a tenant's that could not be applied, the newest first
SELECT outbox_id, masterplan_id, entity, entity_id, operation, row_version, reason, failed_at
FROM sync_dead_letters WHERE tenant_id = %(tenant_id)s ORDER BY outbox_id DESC LIMIT %(limit)s;

-- listen --
-- Be told when there is something in the outbox
LISTEN sync_outbox;
