-- What the graph does not know yet of plans, phases, milestones, tasks and subtasks. A row is put here in the
-- transaction that changes a table, whoever changes it, and goes when the applier has brought it to Neo4j. It names
-- what changed; the applier reads the row as it is by then, so that a row applied twice or late does no harm.
CREATE TABLE sync_outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL,
    entity text NOT NULL CHECK (entity IN ('plan', 'phase', 'milestone', 'task', 'subtask')),
    entity_id uuid NOT NULL,
    operation text NOT NULL CHECK (operation IN ('upsert', 'delete')),
    row_version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Events that can never be applied, and why.
CREATE TABLE sync_dead_letters (
    outbox_id bigint PRIMARY KEY,
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL,
    entity text NOT NULL,
    entity_id uuid NOT NULL,
    operation text NOT NULL,
    row_version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    reason text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    INSERT INTO sync_outbox (tenant_id, masterplan_id, entity, entity_id, operation, row_version)
    VALUES (
        changed ->> 'tenant_id',
        (changed ->> 'masterplan_id')::uuid,
        TG_ARGV[0],
        (changed ->> TG_ARGV[1])::uuid,
        CASE WHEN TG_OP = 'DELETE' THEN 'delete' ELSE 'upsert' END,
        (changed ->> 'row_version')::bigint
    );
    PERFORM pg_notify('sync_outbox', '');
    RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON masterplans
    FOR EACH ROW EXECUTE FUNCTION announce_change('plan', 'masterplan_id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON masterplan_phases
    FOR EACH ROW EXECUTE FUNCTION announce_change('phase', 'phase_id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON masterplan_milestones
    FOR EACH ROW EXECUTE FUNCTION announce_change('milestone', 'milestone_id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON masterplan_tasks
    FOR EACH ROW EXECUTE FUNCTION announce_change('task', 'task_id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON masterplan_subtasks
    FOR EACH ROW EXECUTE FUNCTION announce_change('subtask', 'subtask_id');
