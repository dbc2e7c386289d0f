DROP TABLE mode_plan_overrides;
DROP TABLE mode_user_overrides;
DROP TABLE mode_settings;
DROP FUNCTION refuse_mode_truncate();
DROP FUNCTION note_mode_change();
DROP TABLE mode_history;
DROP FUNCTION keep_mode_history();
