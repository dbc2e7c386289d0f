// The keys of what is mirrored from Postgres, and how far the mirror is; what a plan holds is found by the plan alone.
CREATE CONSTRAINT phase_phase_id IF NOT EXISTS FOR (n:Phase) REQUIRE n.phase_id IS UNIQUE;
CREATE CONSTRAINT milestone_milestone_id IF NOT EXISTS FOR (n:Milestone) REQUIRE n.milestone_id IS UNIQUE;
CREATE CONSTRAINT task_task_id IF NOT EXISTS FOR (n:Task) REQUIRE n.task_id IS UNIQUE;
CREATE CONSTRAINT subtask_subtask_id IF NOT EXISTS FOR (n:Subtask) REQUIRE n.subtask_id IS UNIQUE;
CREATE CONSTRAINT sync_state_plan_id IF NOT EXISTS FOR (n:SyncState) REQUIRE n.plan_id IS UNIQUE;
CREATE INDEX phase_plan_id IF NOT EXISTS FOR (n:Phase) ON (n.plan_id);
CREATE INDEX milestone_plan_id IF NOT EXISTS FOR (n:Milestone) ON (n.plan_id);
CREATE INDEX task_plan_id IF NOT EXISTS FOR (n:Task) ON (n.plan_id);
CREATE INDEX subtask_plan_id IF NOT EXISTS FOR (n:Subtask) ON (n.plan_id);
