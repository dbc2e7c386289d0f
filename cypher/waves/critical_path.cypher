// answers: A longest chain of atoms of which each needs the next: no number of workers does it in fewer waves.
// param plan_id: string = "shop" — the plan
// returns: step — from 1 for what is needed first, atom_id, name, path, start_line, loc
// cost: grows with the chain's dependencies
// access: read
// audience: public
MATCH (wave:Wave {plan_id: $plan_id})
WITH max(wave.number) AS waves
CALL (waves) {
  MATCH (last:Atom {plan_id: $plan_id, wave: waves})
  USING INDEX SEEK last:Atom(plan_id, wave)
  RETURN last ORDER BY last.path, last.atom_number LIMIT 1
}
MATCH chain = (last)((later)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP WHERE NOT need.cut]->(sooner WHERE sooner.wave = later.wave - 1))*({wave: 1})
WITH chain LIMIT 1
UNWIND range(0, length(chain)) AS back
WITH length(chain) + 1 - back AS step, nodes(chain)[back] AS atom
RETURN step, atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       atom.loc AS loc
ORDER BY step
