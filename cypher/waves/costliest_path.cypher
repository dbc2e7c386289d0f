// answers: The chain of atoms of which each needs the next that takes longest where an atom costs its code lines, and one more for a call. It is found wave by wave in a working property that is gone again at the end.
// param plan_id: string = "shop" — the plan
// returns: step — from 1 for what is needed first, atom_id, name, path, start_line, loc, cost — of the chain up to and with this atom
// cost: grows with the plan's atoms and dependencies
// access: write
// audience: service
MATCH (wave:Wave {plan_id: $plan_id})
WITH max(wave.number) AS waves
CALL (waves) {
  UNWIND range(1, waves) AS number
  CALL (number) {
    MATCH (atom:Atom {plan_id: $plan_id, wave: number})
    USING INDEX SEEK atom:Atom(plan_id, wave)
    OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
    WHERE NOT need.cut
    WITH atom, coalesce(max(needed.cost), 0) AS before
    SET atom.cost = before + atom.loc + 1
  }
}
WITH DISTINCT waves
CALL () {
  MATCH (last:Atom {plan_id: $plan_id})
  RETURN last ORDER BY last.cost DESC, last.path, last.atom_number LIMIT 1
}
MATCH chain = (last)((later)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP WHERE NOT need.cut]->
                     (sooner WHERE sooner.cost = later.cost - later.loc - 1))*(first WHERE first.cost = first.loc + 1)
WITH chain LIMIT 1
WITH [at IN range(0, length(chain)) | {atom: nodes(chain)[at], step: length(chain) + 1 - at, cost: nodes(chain)[at].cost}] AS steps
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id})
  REMOVE atom.cost
}
UNWIND steps AS each
WITH each.step AS step, each.atom AS atom, each.cost AS cost
RETURN step, atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       atom.loc AS loc, cost
ORDER BY step
