// answers: The smallest set of atoms to validate again after a change: those that change, what needs what they define or bind, and overrides of it; further on only where what is touched passes a type or a base on.
// param plan_id: string = "shop" — the plan
// param atom_ids: list<string> = ["a1"] — the atoms that change
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, why — changed, direct or through a type
// cost: grows with what needs the atoms
// access: read
// audience: public
MATCH (changed:Atom {plan_id: $plan_id})
WHERE changed.atom_id IN $atom_ids
CALL (changed) {
  RETURN changed AS atom, 0 AS rank
UNION ALL
  MATCH (changed)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(atom)
  WHERE need.kinds <> ['body_of'] AND need.kinds <> ['module']
  RETURN atom, 1 AS rank
UNION ALL
  MATCH way = (changed)<-[:TYPE_DEP*1..]-(below)
  WHERE all(need IN relationships(way) WHERE 'base' IN need.kinds)
  WITH DISTINCT below
  MATCH (below)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(atom)
  WHERE need.kinds <> ['body_of'] AND need.kinds <> ['module']
  RETURN atom, 2 AS rank
}
WITH atom, min(rank) AS rank
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       ['changed', 'direct', 'through a type'][rank] AS why
ORDER BY rank, path, start_line
LIMIT $limit
