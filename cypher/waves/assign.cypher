// answers: Gives every atom its wave: 1 where it needs nothing, else one more than the highest wave among what it needs. Peels: when a wave is known, the atoms that waited for its atoms alone are the next.
// param plan_id: string = "shop" — the plan, its cycles cut
// returns: waves — how many there are
// cost: grows with the plan's atoms and dependencies
// access: write
MATCH (atom:Atom {plan_id: $plan_id})
CALL (atom) {
  OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->()
  WHERE NOT need.cut
  RETURN count(need) AS needs
}
SET atom.needs = CASE WHEN needs > 0 THEN needs END,
    atom.wave = CASE needs WHEN 0 THEN 1 END
WITH count(*) AS atoms
CALL (atoms) {
  UNWIND range(0, atoms / 100) AS hundred
  CALL (hundred) {
    MATCH (some:Atom {plan_id: $plan_id, wave: hundred * 100 + 1})
    USING INDEX SEEK some:Atom(plan_id, wave)
    WITH hundred LIMIT 1
    UNWIND range(hundred * 100 + 1, hundred * 100 + 100) AS wave
    CALL (wave) {
      MATCH (done:Atom {plan_id: $plan_id, wave: wave})
      USING INDEX SEEK done:Atom(plan_id, wave)
      MATCH (done)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(next)
      WHERE NOT need.cut
      WITH wave, next, next.needs - count(need) AS needs
      SET next.needs = CASE WHEN needs > 0 THEN needs END,
          next.wave = CASE needs WHEN 0 THEN wave + 1 END
    }
  }
}
MATCH (atom:Atom {plan_id: $plan_id})
RETURN coalesce(max(atom.wave), 0) AS waves
