// answers: Writes anew what the atoms of some files refer to outside the plan; what nothing refers to any more goes.
// param plan_id: string = "shop" — the plan
// param paths: list<string> = ["a.py"] — the files
// param rows: list = [[11, "pypi", "requests", ["get"], ["3:5"]]] — node id of the atom, ecosystem, name, names taken from it, evidence
// returns: externals — how many the plan has
// cost: grows with the references of the files, and the externals of the plan
// access: write
// audience: service
CALL () {
  UNWIND $paths AS path
  MATCH (:File {plan_id: $plan_id, path: path})-[:CONTAINS]->(:Atom)-[refers:REFERS_TO]->()
  DELETE refers
}
CALL () {
  UNWIND $rows AS row
  MATCH (atom) WHERE id(atom) = row[0]
  MERGE (external:External {plan_id: $plan_id, ecosystem: row[1], name: row[2]})
  CREATE (atom)-[:REFERS_TO {symbols: row[3], evidence: row[4]}]->(external)
}
CALL () {
  MATCH (external:External {plan_id: $plan_id})
  WHERE external.ecosystem IS NOT NULL AND external.name IS NOT NULL AND NOT EXISTS { (external)<-[:REFERS_TO]-() }
  DETACH DELETE external
}
MATCH (external:External {plan_id: $plan_id})
WHERE external.ecosystem IS NOT NULL AND external.name IS NOT NULL
RETURN count(external) AS externals
