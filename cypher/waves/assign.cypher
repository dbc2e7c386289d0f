// answers: Gives every atom its wave: 1 where it needs nothing, else one more than the highest wave among what it needs. Peels: when a wave is known, the atoms that waited for its atoms alone are the next; the plan keeps them meanwhile.
// param plan_id: string = "shop" — the plan, its cycles cut
// returns: waves — how many there are
// cost: grows with the plan's atoms and dependencies
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
CALL (plan) {
  MATCH (atom:Atom {plan_id: $plan_id})
  WITH atom, CASE
    WHEN atom.cycle_id IS NULL THEN COUNT { (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->() }
    ELSE COUNT { (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->() WHERE NOT need.cut }
  END AS needs
  SET atom.needs = CASE WHEN needs > 0 THEN needs END
  WITH count(*) AS atoms, collect(CASE needs WHEN 0 THEN id(atom) END) AS next
  SET plan.next = next
  RETURN atoms
}
CALL (plan, atoms) {
  UNWIND range(0, atoms / 100) AS hundred
  CALL (plan, hundred) {
    WITH hundred WHERE size(plan.next) > 0
    UNWIND range(hundred * 100 + 1, hundred * 100 + 100) AS wave
    CALL (plan, wave) {
      UNWIND plan.next AS id
      MATCH (done) WHERE id(done) = id
      SET done.wave = wave
      WITH plan, done
      OPTIONAL MATCH (done)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(waiting)
      WHERE NOT need.cut
      WITH plan, waiting, count(need) AS met
      WITH plan, waiting, waiting.needs - met AS needs
      SET waiting.needs = CASE WHEN needs > 0 THEN needs END
      WITH plan, collect(CASE needs WHEN 0 THEN id(waiting) END) AS next
      SET plan.next = next
    }
  }
}
REMOVE plan.next
WITH plan
MATCH (atom:Atom {plan_id: $plan_id})
RETURN coalesce(max(atom.wave), 0) AS waves
