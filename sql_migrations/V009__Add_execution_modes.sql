-- Taking this migration back removes V2 from the plans' tables and leaves the MVP's data as it is.
ALTER TABLE masterplans
    ADD COLUMN execution_mode text NOT NULL DEFAULT 'mvp' CHECK (execution_mode IN ('mvp', 'v2_atoms', 'hybrid')),
    ADD COLUMN v2_total_atoms integer CHECK (v2_total_atoms >= 0),
    ADD COLUMN v2_avg_atom_loc numeric(8, 2) CHECK (v2_avg_atom_loc >= 0),
    ADD COLUMN v2_atomization_time_seconds numeric(10, 3) CHECK (v2_atomization_time_seconds >= 0),
    ADD COLUMN v2_graph_build_time_seconds numeric(10, 3) CHECK (v2_graph_build_time_seconds >= 0);
CREATE INDEX masterplans_execution_mode ON masterplans (execution_mode);
ALTER TABLE masterplan_history
    ADD COLUMN execution_mode text CHECK (execution_mode IN ('mvp', 'v2_atoms', 'hybrid'));
