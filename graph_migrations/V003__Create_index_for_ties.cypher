// Among atoms of equal step the first in file order is taken, so that the same plan is always cut the same way.
CREATE INDEX atom_plan_id_step_rank IF NOT EXISTS FOR (n:Atom) ON (n.plan_id, n.step, n.rank);
