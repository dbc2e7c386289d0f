-- load_settings --
-- What was changed at run time, of every tenant: a process serves them all
SELECT tenant_id, name, value FROM mode_settings;

-- show_settings --
-- What was changed at run time for a tenant
SELECT name, value FROM mode_settings WHERE tenant_id = %(tenant_id)s;

-- sign --
-- Tell the history who makes the changes of this transaction, and why
SELECT set_config('mge.actor', %(actor)s, true), set_config('mge.reason', %(reason)s, true);

-- put_setting --
-- Change a setting at run time
INSERT INTO mode_settings (tenant_id, name, value) VALUES (%(tenant_id)s, %(name)s, %(value)s)
ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value, changed_at = now()
WHERE mode_settings.value <> excluded.value;

-- drop_setting --
-- Let a setting be as the environment says again
DELETE FROM mode_settings WHERE tenant_id = %(tenant_id)s AND name = %(name)s;

-- put_user_override --
-- Give a user a mode
INSERT INTO mode_user_overrides (tenant_id, user_id, mode) VALUES (%(tenant_id)s, %(id)s, %(mode)s)
ON CONFLICT (tenant_id, user_id) DO UPDATE SET mode = excluded.mode, changed_at = now()
WHERE mode_user_overrides.mode <> excluded.mode;

-- drop_user_override --
-- Take a user's mode away
DELETE FROM mode_user_overrides WHERE tenant_id = %(tenant_id)s AND user_id = %(id)s;

-- find_plan --
-- Whose plan it is, if it is the tenant's; it stays until the transaction ends
SELECT user_id FROM masterplans WHERE tenant_id = %(tenant_id)s AND masterplan_id = %(id)s FOR KEY SHARE;

-- put_plan_override --
-- Give a plan a mode
INSERT INTO mode_plan_overrides (tenant_id, masterplan_id, mode) VALUES (%(tenant_id)s, %(id)s, %(mode)s)
ON CONFLICT (tenant_id, masterplan_id) DO UPDATE SET mode = excluded.mode, changed_at = now()
WHERE mode_plan_overrides.mode <> excluded.mode;

-- drop_plan_override --
-- Take a plan's mode away
DELETE FROM mode_plan_overrides WHERE tenant_id = %(tenant_id)s AND masterplan_id = %(id)s;

-- find_overrides --
-- The modes that a plan and a user were given; the user is the plan's where none is named
WITH plan AS (
    SELECT masterplan_id, user_id FROM masterplans
    WHERE tenant_id = %(tenant_id)s AND masterplan_id = %(masterplan_id)s::uuid
)
SELECT
    EXISTS (SELECT FROM plan) AS plan_exists,
    (SELECT mode FROM mode_plan_overrides NATURAL JOIN plan WHERE tenant_id = %(tenant_id)s) AS plan_mode,
    (
        SELECT mode FROM mode_user_overrides
        WHERE tenant_id = %(tenant_id)s
            AND user_id = coalesce(%(user_id)s::uuid, (SELECT user_id FROM plan))
    ) AS user_mode;

-- count_overrides --
-- How many users and plans have a mode of their own
SELECT
    (SELECT count(*) FROM mode_user_overrides WHERE tenant_id = %(tenant_id)s) AS users,
    (SELECT count(*) FROM mode_plan_overrides WHERE tenant_id = %(tenant_id)s) AS plans;

-- list_history --
-- What was changed, the newest first, from a place on
SELECT history_id, kind, subject, old_value, new_value, actor, reason, changed_at FROM mode_history
WHERE tenant_id = %(tenant_id)s AND history_id < %(before)s
ORDER BY history_id DESC LIMIT %(limit)s;

-- listen --
-- Be told of every change
LISTEN mode_settings;
