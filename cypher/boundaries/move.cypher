// answers: Moves atoms, those with least to lose first, to the module where they add most to modularity (Newman; Blondel et al.) and that has room. Atoms in cycles stay. Repeats.
// param plan_id: string = "shop" — the plan
// param adjacent: float = 0.5 — weight of being next to each other in a file
// param most: integer = 20 — atoms that a module has at most
// param passes: integer = 6 — how often every atom is asked
// returns: moved — moves in the last pass that had any
// cost: grows with passes times the plan's dependencies
// access: write
// audience: service
MATCH (module:Module {plan_id: $plan_id})
WITH sum(module.strength) AS whole
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id})
  WHERE atom.cycle_id IS NULL AND atom.strength > 0
  WITH atom ORDER BY atom.strength, atom.place
  RETURN collect(atom) AS atoms
}
UNWIND range(1, $passes) AS pass
CALL (whole, atoms) {
  UNWIND atoms AS atom
  CALL (whole, atom) {
    MATCH (atom)-[held:IN_MODULE]->(home)
    MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP|NEXT]-(other)-[:IN_MODULE]->(module)
    WHERE other <> atom
    WITH atom, held, home, module, sum(coalesce(need.weight * need.confidence, $adjacent)) AS shared
    WITH atom, held, home, module, module = home AS stays,
         shared - atom.strength * (module.strength - CASE WHEN module = home THEN atom.strength ELSE 0.0 END) / whole AS gain
    WHERE stays OR module.size < $most
    WITH atom, held, home, stays, gain, module ORDER BY gain DESC, stays DESC, module.place
    WITH atom, held, home, collect({module: module, gain: gain, stays: stays}) AS options
    WITH atom, held, home, options[0] AS best,
         coalesce([option IN options WHERE option.stays | option.gain][0],
                  -atom.strength * (home.strength - atom.strength) / whole) AS gain_at_home
    WHERE NOT best.stays AND best.gain > gain_at_home + 0.000001
    WITH atom, held, home, best.module AS module
    DELETE held
    CREATE (atom)-[:IN_MODULE]->(module)
    SET module.size = module.size + 1, module.strength = module.strength + atom.strength,
        home.size = home.size - 1, home.strength = home.strength - atom.strength
    WITH home
    CALL (home) {
      WITH home WHERE home.size = 0
      DELETE home
    }
    RETURN count(*) AS moved
  }
  RETURN sum(moved) AS moved
}
RETURN [each IN collect(moved) WHERE each > 0][-1] AS moved
