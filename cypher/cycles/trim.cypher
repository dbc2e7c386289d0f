// answers: Sets aside (step > 0) the atoms that cannot be in a cycle with another, and the others apart (step -1): peels from both ends those that need none or are needed by none of the rest.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with the plan's atoms and dependencies
// access: write
MATCH (atom:Atom {plan_id: $plan_id})
CALL (atom) {
  OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
  WHERE other <> atom
  RETURN count(need) AS needs
}
CALL (atom) {
  OPTIONAL MATCH (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
  WHERE other <> atom
  RETURN count(need) AS needed
}
WITH atom, needs, needed, needs = 0 OR needed = 0 AS aside
SET atom.needs = CASE WHEN aside THEN null ELSE needs END,
    atom.needed = CASE WHEN aside THEN null ELSE needed END,
    atom.step = CASE WHEN aside THEN 1 END
WITH count(*) AS atoms
UNWIND range(0, atoms / 100) AS hundred
CALL (hundred) {
  MATCH (some:Atom {plan_id: $plan_id, step: hundred * 100 + 1})
  USING INDEX SEEK some:Atom(plan_id, step)
  WITH hundred LIMIT 1
  UNWIND range(hundred * 100 + 1, hundred * 100 + 100) AS step
  CALL (step) {
    MATCH (aside:Atom {plan_id: $plan_id, step: step})
    USING INDEX SEEK aside:Atom(plan_id, step)
    MATCH (aside)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
    WHERE other.step IS NULL
    WITH step, other, other.needs - count(need) AS needs
    SET other.needs = needs, other.step = CASE needs WHEN 0 THEN step + 1 END
  }
  CALL (step) {
    MATCH (aside:Atom {plan_id: $plan_id, step: step})
    USING INDEX SEEK aside:Atom(plan_id, step)
    MATCH (aside)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
    WHERE other.step IS NULL
    WITH step, other, other.needed - count(need) AS needed
    SET other.needed = needed, other.step = CASE needed WHEN 0 THEN step + 1 END
  }
}
WITH count(*) AS hundreds
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.step IS NULL
SET atom.step = -1
