// answers: Makes a fresh Cycle of every component that cycles/components found and of every atom with a step that depends on itself, and removes the working properties of cycles/trim and cycles/components.
// param plan_id: string = "shop" — the plan
// returns: cycles — how many there are
// cost: grows with the plan's atoms and the dependencies of atoms in cycles
// access: write
// audience: service
CALL () {
  CALL () {
    MATCH (atom:Atom {plan_id: $plan_id, step: -1})
    WHERE atom.component IS NOT NULL
    WITH atom.component AS component, collect(atom) AS members
    RETURN members
    UNION ALL
    MATCH (atom:Atom {plan_id: $plan_id})
    WHERE atom.step IS NOT NULL AND atom.component IS NULL
      AND EXISTS { (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(atom) }
    RETURN [atom] AS members
  }
  CALL (members) {
    UNWIND members AS atom
    RETURN min(atom.atom_id) AS first
  }
  CREATE (cycle:Cycle {cycle_id: 'cycle-' + first, plan_id: $plan_id, size: size(members), cut_edges: 0, fresh: true})
  WITH cycle, members
  UNWIND members AS atom
  CREATE (atom)-[:IN_CYCLE]->(cycle)
  SET atom.cycle_id = cycle.cycle_id
}
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id})
  WHERE atom.step IS NOT NULL
  REMOVE atom.needs, atom.needed, atom.step, atom.region, atom.component
}
CALL () {
  MATCH (cycle:Cycle {plan_id: $plan_id})
  WHERE cycle.fresh
  CALL (cycle) {
    MATCH (cycle)<-[:IN_CYCLE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
    WHERE other.cycle_id = cycle.cycle_id
    WITH DISTINCT type(need) AS type, need.weight AS weight ORDER BY type
    RETURN collect(DISTINCT type) AS types, min(weight) AS weakest_weight
  }
  SET cycle.types = types, cycle.weakest_weight = weakest_weight
  RETURN count(*) AS cycles
}
RETURN cycles
