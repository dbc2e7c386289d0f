DROP TRIGGER announce ON masterplan_subtasks;
DROP TRIGGER announce ON masterplan_tasks;
DROP TRIGGER announce ON masterplan_milestones;
DROP TRIGGER announce ON masterplan_phases;
DROP TRIGGER announce ON masterplans;
DROP FUNCTION announce_change();
DROP TABLE sync_dead_letters;
DROP TABLE sync_outbox;
