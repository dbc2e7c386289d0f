-- What an admin changes of execution modes while the service runs. A setting without a row is as the environment says;
-- every process is notified of a change and reads the rows again, also where the change was made in psql.
CREATE TABLE mode_settings (
    tenant_id text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name),
    -- a process that cannot read a value would have no mode to offer, so a wrong one is refused here as well
    CONSTRAINT mode_settings_value CHECK (
        CASE
            WHEN name = 'DEVMATRIX_MODE' THEN value IN ('mvp', 'v2_atoms', 'hybrid')
            WHEN name = 'V2_ROLLOUT_PERCENT' THEN value ~ '^(100|[1-9]?[0-9])$'
            WHEN name IN (
                'ENABLE_V2_ATOMIZATION', 'ENABLE_V2_DEP_GRAPH', 'ENABLE_V2_VALIDATION', 'ENABLE_V2_EXECUTION',
                'ENABLE_V2_REVIEW'
            ) THEN value IN ('true', 'false')
            ELSE false
        END
    )
);

CREATE TABLE mode_user_overrides (
    tenant_id text NOT NULL,
    user_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('mvp', 'v2_atoms', 'hybrid')),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);

-- Not a column of masterplans: that one tells what a run was executed in, this one what the next run should be.
CREATE TABLE mode_plan_overrides (
    tenant_id text NOT NULL,
    masterplan_id uuid NOT NULL REFERENCES masterplans ON DELETE CASCADE,
    mode text NOT NULL CHECK (mode IN ('mvp', 'v2_atoms', 'hybrid')),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, masterplan_id)
);
CREATE INDEX mode_plan_overrides_masterplan_id ON mode_plan_overrides (masterplan_id);

CREATE TABLE mode_history (
    history_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('setting', 'user', 'plan')),
    -- a setting's name, or the id of a user or of a plan, which may be gone by now
    subject text NOT NULL,
    -- null: as the environment says, or no override
    old_value text,
    new_value text,
    actor text NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mode_history_of_tenant ON mode_history (tenant_id, history_id);

-- Written by a trigger, so that no change is without its entry. The service says who and why by set_config for the
-- transaction; a change in psql may do the same, and is never held up where it does not, as it may be an emergency.
CREATE FUNCTION note_mode_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    old_value text := before ->> TG_ARGV[2];
    new_value text := after ->> TG_ARGV[2];
BEGIN
    IF old_value IS NOT DISTINCT FROM new_value AND before ->> TG_ARGV[1] = after ->> TG_ARGV[1] THEN
        RETURN NULL;
    END IF;
    INSERT INTO mode_history (tenant_id, kind, subject, old_value, new_value, actor, reason)
    VALUES (
        coalesce(after, before) ->> 'tenant_id',
        TG_ARGV[0],
        coalesce(after, before) ->> TG_ARGV[1],
        old_value,
        new_value,
        coalesce(nullif(current_setting('mge.actor', true), ''), session_user),
        coalesce(
            nullif(current_setting('mge.reason', true), ''),
            CASE
                WHEN TG_ARGV[0] = 'plan' AND after IS NULL AND NOT EXISTS (
                    SELECT FROM masterplans WHERE masterplan_id = (before ->> 'masterplan_id')::uuid
                ) THEN 'the plan was deleted'
                ELSE 'changed by SQL, without a reason'
            END
        )
    );
    PERFORM pg_notify('mode_settings', coalesce(after, before) ->> 'tenant_id');
    RETURN NULL;
END $$;
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON mode_settings
    FOR EACH ROW EXECUTE FUNCTION note_mode_change('setting', 'name', 'value');
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON mode_user_overrides
    FOR EACH ROW EXECUTE FUNCTION note_mode_change('user', 'user_id', 'mode');
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON mode_plan_overrides
    FOR EACH ROW EXECUTE FUNCTION note_mode_change('plan', 'masterplan_id', 'mode');

CREATE FUNCTION keep_mode_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'mode_history is append only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON mode_history
    FOR EACH STATEMENT EXECUTE FUNCTION keep_mode_history();

-- No row trigger sees a TRUNCATE, so the history would miss it.
CREATE FUNCTION refuse_mode_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is not truncated: delete its rows, which the history then tells of', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON mode_settings EXECUTE FUNCTION refuse_mode_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON mode_user_overrides EXECUTE FUNCTION refuse_mode_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON mode_plan_overrides EXECUTE FUNCTION refuse_mode_truncate();
