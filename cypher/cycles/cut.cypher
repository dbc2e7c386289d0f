// answers: Cuts dependencies inside fresh cycles so that no cycle is left. Takes atoms away that need none or are needed by none of the rest; where there is none such, the one whose remaining needs weigh least, and cuts those. Of equals the first in file order is taken, so the same plan is always cut the same way: what is left when nothing can be taken away does not depend on the order of taking.
// param plan_id: string = "shop" — the plan
// returns: cut_edges — dependencies cut
// cost: grows with the atoms in cycles and the dependencies among them; a choice looks through as many weights as lie below the least one, and through the atoms of that weight
// access: write
// audience: service
CALL () {
  MATCH (cycle:Cycle {plan_id: $plan_id})<-[:IN_CYCLE]-(atom:Atom)
  WHERE cycle.fresh
  WITH atom ORDER BY atom.path, atom.atom_number
  WITH collect(atom) AS atoms
  UNWIND range(0, size(atoms) - 1) AS rank
  WITH atoms[rank] AS atom, rank
  SET atom.rank = rank
}
MATCH (cycle:Cycle {plan_id: $plan_id})
WHERE cycle.fresh
CALL (cycle) {
  MATCH (cycle)<-[:IN_CYCLE]-(atom)-[own:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(atom)
  SET own.cut = true, own.cut_reason = 'an atom cannot wait for itself'
}
CALL (cycle) {
  WITH cycle
  WHERE cycle.size > 1
  CALL (cycle) {
    MATCH (cycle)<-[:IN_CYCLE]-(atom)
    CALL (cycle, atom) {
      MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
      WHERE other.cycle_id = cycle.cycle_id AND other <> atom
      RETURN sum(toInteger(round(need.weight * 20))) AS needs
    }
    CALL (cycle, atom) {
      MATCH (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
      WHERE other.cycle_id = cycle.cycle_id AND other <> atom
      RETURN count(need) AS needed
    }
    SET atom.needs = needs, atom.needed = needed, atom.step = needs
    RETURN max(needs) AS heaviest
  }
  UNWIND range(1, cycle.size) AS turn
  CALL (cycle, heaviest) {
    CALL (heaviest) {
      MATCH (free:Atom {plan_id: $plan_id, step: 0})
      USING INDEX SEEK free:Atom(plan_id, step)
      RETURN free AS next, 0 AS weight LIMIT 1
    UNION ALL
      UNWIND range(1, heaviest) AS weight
      CALL (weight) {
        MATCH (tied:Atom {plan_id: $plan_id, step: weight})
        USING INDEX SEEK tied:Atom(plan_id, step)
        RETURN tied ORDER BY tied.rank LIMIT 1
      }
      RETURN tied AS next, weight LIMIT 1
    }
    WITH cycle, next, weight LIMIT 1
    REMOVE next.step, next.needs, next.needed
    WITH cycle, next, weight
    CALL (cycle, next, weight) {
      MATCH (next)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
      WHERE other.cycle_id = cycle.cycle_id AND other.step IS NOT NULL AND weight > 0
      SET need.cut = true,
          need.cut_reason = 'its atom needs least (' + toString(weight / 20.0) + ') of what is left of a cycle of ' + toString(cycle.size)
    }
    CALL (cycle, next) {
      MATCH (next)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
      WHERE other.cycle_id = cycle.cycle_id AND other.step IS NOT NULL
      WITH other, other.needed - count(need) AS needed
      SET other.needed = needed, other.step = CASE needed WHEN 0 THEN 0 ELSE other.step END
    }
    CALL (cycle, next) {
      MATCH (next)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
      WHERE other.cycle_id = cycle.cycle_id AND other.step IS NOT NULL
      WITH other, other.needs - sum(toInteger(round(need.weight * 20))) AS needs
      SET other.needs = needs, other.step = CASE WHEN other.needed = 0 THEN 0 ELSE needs END
    }
  }
}
CALL (cycle) {
  MATCH (cycle)<-[:IN_CYCLE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->()
  WHERE need.cut
  RETURN count(need) AS cuts
}
CALL (cycle) {
  MATCH (cycle)<-[:IN_CYCLE]-(atom)
  REMOVE atom.rank
}
SET cycle.cut_edges = cuts
REMOVE cycle.fresh
RETURN sum(cuts) AS cut_edges
