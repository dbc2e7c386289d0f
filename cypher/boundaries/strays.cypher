// answers: Atoms that depend more on another module than on their own: candidates to move.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, module, nearer, inside — weight of its dependencies within its module, there — with the other
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})-[:IN_MODULE]->(home)
CALL (atom, home) {
  MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)-[:IN_MODULE]->(near)
  WHERE near <> home
  RETURN near, sum(need.weight * need.confidence) AS there ORDER BY there DESC, near.module_id LIMIT 1
}
CALL (atom, home) {
  OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)-[:IN_MODULE]->(home)
  WHERE other <> atom
  RETURN coalesce(sum(need.weight * need.confidence), 0.0) AS inside
}
WITH atom, home, near, inside, there WHERE there > inside
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       home.name AS module, near.name AS nearer, inside, there
ORDER BY there - inside DESC, path, start_line
LIMIT $limit
