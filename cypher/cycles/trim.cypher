// answers: Sets the atoms apart (step -1) that may be in a cycle with another: peels off, from both ends, those that need none or are needed by none of the rest. Marks those that need themselves (step 0).
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with the plan's atoms and dependencies
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
CALL (plan) {
  MATCH (atom:Atom {plan_id: $plan_id})
  CALL (atom) {
    OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
    RETURN count(CASE WHEN other <> atom THEN 1 END) AS needs, count(CASE WHEN other = atom THEN 1 END) > 0 AS needs_itself
  }
  FOREACH (_ IN CASE WHEN needs > 0 THEN [1] ELSE [] END | SET atom.needs = needs)
  FOREACH (_ IN CASE WHEN needs_itself THEN [1] ELSE [] END | SET atom.step = 0)
  WITH count(*) AS atoms, collect(CASE needs WHEN 0 THEN id(atom) END) AS next
  SET plan.next = next
  RETURN atoms
}
CALL (plan, atoms) {
  UNWIND range(0, atoms / 100) AS hundred
  CALL (plan, hundred) {
    WITH hundred WHERE size(plan.next) > 0
    UNWIND range(1, 100) AS round
    CALL (plan) {
      UNWIND plan.next AS id
      MATCH (done) WHERE id(done) = id
      OPTIONAL MATCH (done)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(waiting)
      WHERE waiting <> done
      WITH plan, waiting, count(need) AS met
      WITH plan, waiting, waiting.needs - met AS needs
      SET waiting.needs = CASE WHEN needs > 0 THEN needs END
      WITH plan, collect(CASE needs WHEN 0 THEN id(waiting) END) AS next
      SET plan.next = next
    }
  }
}
CALL (plan) {
  MATCH (atom:Atom {plan_id: $plan_id})
  WHERE atom.needs IS NOT NULL
  CALL (atom) {
    OPTIONAL MATCH (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
    WHERE other <> atom
    RETURN count(need) AS needed
  }
  SET atom.needed = CASE WHEN needed > 0 THEN needed END
  WITH collect(CASE needed WHEN 0 THEN id(atom) END) AS next
  SET plan.next = next
}
CALL (plan, atoms) {
  UNWIND range(0, atoms / 100) AS hundred
  CALL (plan, hundred) {
    WITH hundred WHERE size(plan.next) > 0
    UNWIND range(1, 100) AS round
    CALL (plan) {
      UNWIND plan.next AS id
      MATCH (done) WHERE id(done) = id
      OPTIONAL MATCH (done)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(waiting)
      WHERE waiting.needed IS NOT NULL AND waiting <> done
      WITH plan, waiting, count(need) AS met
      WITH plan, waiting, waiting.needed - met AS needed
      SET waiting.needed = CASE WHEN needed > 0 THEN needed END
      WITH plan, collect(CASE needed WHEN 0 THEN id(waiting) END) AS next
      SET plan.next = next
    }
  }
}
REMOVE plan.next
WITH plan
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.needs IS NOT NULL
FOREACH (_ IN CASE WHEN atom.needed IS NULL THEN [] ELSE [1] END | SET atom.step = -1)
REMOVE atom.needs, atom.needed
