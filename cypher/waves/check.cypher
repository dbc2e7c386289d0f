// answers: Where a plan's waves break invariant 2: an atom without a wave, a dependency that is not cut and does not lead to a lower wave, an atom in a later wave than it needs to be. No row where all is well.
// param plan_id: string = "shop" — the plan
// param limit: integer = 100 — rows at most
// returns: atom_id, wave, earliest — the wave it could be in, problem — unassigned, unsound or late
// cost: grows with the plan's atoms and dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
CALL (atom) {
  OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
  WHERE NOT need.cut
  RETURN 1 + coalesce(max(needed.wave), 0) AS earliest
}
WITH atom, earliest,
     CASE
       WHEN atom.wave IS NULL THEN 'unassigned'
       WHEN atom.wave < earliest THEN 'unsound'
       WHEN atom.wave > earliest THEN 'late'
     END AS problem
WHERE problem IS NOT NULL
RETURN atom.atom_id AS atom_id, atom.wave AS wave, earliest, problem
LIMIT $limit
