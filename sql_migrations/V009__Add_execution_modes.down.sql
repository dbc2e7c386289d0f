ALTER TABLE masterplan_history DROP COLUMN execution_mode;
ALTER TABLE masterplans
    DROP COLUMN v2_graph_build_time_seconds,
    DROP COLUMN v2_atomization_time_seconds,
    DROP COLUMN v2_avg_atom_loc,
    DROP COLUMN v2_total_atoms,
    DROP COLUMN execution_mode;
